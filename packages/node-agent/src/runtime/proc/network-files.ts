/**
 * /proc/net as far as scripts look: the interfaces and the route of a Pod.
 */

/** Files by name. */
export function networkFiles(ip: string): Readonly<Record<string, () => string>> {
  return {
    dev: () =>
      'Inter-|   Receive                                                |  Transmit\n' +
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n' +
      `    lo: ${counters}\n  eth0: ${counters}\n`,
    route: () =>
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n' +
      `eth0\t00000000\t${hexAddress(gatewayOf(ip))}\t0003\t0\t0\t0\t00000000\t0\t0\t0\n`,
    tcp: () =>
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                    \n',
    udp: () =>
      '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             \n',
  };
}

const counters =
  '0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0';

/** The bridge of the node's range. */
function gatewayOf(ip: string): string {
  return ip.replace(/\.\d+$/, '.1');
}

/** As the kernel prints it: the last byte first. */
function hexAddress(ip: string): string {
  return ip
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, '0').toUpperCase())
    .join('');
}
