/**
 * ip, ifconfig, route and arp: the interfaces, routes and neighbours of a Pod as flannel with a bridge sets them up
 * (iproute2 and busybox networking). They show; changing them takes rights that no Pod has here.
 */
import { ipv4Number, ipv4Text } from '../../network/ipv4.ts';
import type { NetworkProcess } from './network-process.ts';

const MTU = 1450;
const HOST_MTU = 1500;
const CLUSTER_RANGE = '10.244.0.0/16';
const NOT_PERMITTED = 'RTNETLINK answers: Operation not permitted\n';

interface Card {
  readonly ip: string;
  readonly bits: number;
  readonly mac: string;
  readonly mtu: number;
  readonly gateway: string;
  readonly isHost: boolean;
}

function cardOf({ ip, network }: NetworkProcess): Card {
  const isHost = ip === network.nodeIp;
  const gateway = isHost ? ipv4Text(base(ip, 24) + 1) : network.gateway;
  return { ip, bits: isHost ? 24 : network.bits, mac: macOf(ip), mtu: isHost ? HOST_MTU : MTU, gateway, isHost };
}

/** The CNI plugins' way to make a hardware address from an IP. */
function macOf(ip: string): string {
  const bytes = ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['0a', '58', ...bytes].join(':');
}

function base(ip: string, bits: number): number {
  const size = 2 ** (32 - bits);
  return Math.floor(ipv4Number(ip) / size) * size;
}

function broadcast({ ip, bits }: Card): string {
  return ipv4Text(base(ip, bits) + 2 ** (32 - bits) - 1);
}

function mask(bits: number): string {
  return ipv4Text(2 ** 32 - 2 ** (32 - bits));
}

export async function ip(process: NetworkProcess): Promise<number> {
  const words = process.argv.slice(1).filter((word) => !/^-(4|o|br|brief|c|color|s|d)$/.test(word));
  const isIpv6 = words.includes('-6');
  const [object = 'help', verb = 'show'] = words.filter((word) => word !== '-6');
  const card = cardOf(process);
  if (!/^(show|list|ls|s|get)$/.test(verb) && object !== 'help') {
    await process.printError(NOT_PERMITTED);
    return 2;
  }
  const kind = ['address', 'route', 'link', 'neighbour', 'neighbor'].find((name) => name.startsWith(object));
  if (kind === undefined) {
    await process.printError(`Object "${object}" is unknown, try "ip help".\n`);
    return 255;
  }
  if (isIpv6) return 0;
  const shown = { address: () => links(card, true), link: () => links(card, false), route: () => routes(card) };
  await process.print(kind === 'address' || kind === 'link' || kind === 'route' ? shown[kind]() : neighbours(card));
  return 0;
}

function links(card: Card, withAddresses: boolean): string {
  const life = '       valid_lft forever preferred_lft forever\n';
  const name = card.isHost ? 'eth0' : 'eth0@if7';
  const lo = withAddresses ? `    inet 127.0.0.1/8 scope host lo\n${life}` : '';
  const eth = withAddresses ? `    inet ${card.ip}/${card.bits} brd ${broadcast(card)} scope global eth0\n${life}` : '';
  return (
    `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n${lo}` +
    `2: ${name}: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu ${card.mtu} qdisc noqueue qlen 1000\n    link/ether ${card.mac} brd ff:ff:ff:ff:ff:ff\n${eth}`
  );
}

function routes(card: Card): string {
  const own = `${ipv4Text(base(card.ip, card.bits))}/${card.bits} dev eth0 scope link  src ${card.ip} \n`;
  const cluster = card.isHost ? '' : `${CLUSTER_RANGE} via ${card.gateway} dev eth0 \n`;
  return `default via ${card.gateway} dev eth0 \n${cluster}${own}`;
}

function neighbours({ gateway }: Card): string {
  return `${gateway} dev eth0 lladdr ${macOf(gateway)} used 0/0/0 probes 1 REACHABLE\n`;
}

export async function ifconfig(process: NetworkProcess): Promise<number> {
  const card = cardOf(process);
  const [wanted] = process.argv.slice(1).filter((word) => word !== '-a');
  const shown: Readonly<Record<string, string>> = { eth0: ethernet(card), lo: LOOPBACK };
  if (wanted !== undefined && !Object.hasOwn(shown, wanted)) {
    await process.printError(`ifconfig: ${wanted}: error fetching interface information: Device not found\n`);
    return 1;
  }
  await process.print(wanted === undefined ? `${shown['eth0']}${shown['lo']}` : (shown[wanted] ?? ''));
  return 0;
}

function ethernet(card: Card): string {
  return `eth0      Link encap:Ethernet  HWaddr ${card.mac.toUpperCase()}  
          inet addr:${card.ip}  Bcast:${broadcast(card)}  Mask:${mask(card.bits)}
          UP BROADCAST RUNNING MULTICAST  MTU:${card.mtu}  Metric:1
          RX packets:0 errors:0 dropped:0 overruns:0 frame:0
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000 
          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)

`;
}

const LOOPBACK = `lo        Link encap:Local Loopback  
          inet addr:127.0.0.1  Mask:255.0.0.0
          UP LOOPBACK RUNNING  MTU:65536  Metric:1
          RX packets:0 errors:0 dropped:0 overruns:0 frame:0
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000 
          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)

`;

export async function route(process: NetworkProcess): Promise<number> {
  const card = cardOf(process);
  if (process.argv.slice(1).some((word) => !word.startsWith('-'))) {
    await process.printError('route: SIOCADDRT: Operation not permitted\n');
    return 1;
  }
  const line = (to: string, via: string, netmask: string, flags: string): string =>
    `${to.padEnd(15)} ${via.padEnd(15)} ${netmask.padEnd(15)} ${flags.padEnd(5)} 0      0        0 eth0\n`;
  const cluster = card.isHost ? '' : line('10.244.0.0', card.gateway, '255.255.0.0', 'UG');
  await process.print(
    `Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n` +
      line('0.0.0.0', card.gateway, '0.0.0.0', 'UG') +
      cluster +
      line(ipv4Text(base(card.ip, card.bits)), '0.0.0.0', mask(card.bits), 'U'),
  );
  return 0;
}

export async function arp(process: NetworkProcess): Promise<number> {
  const { gateway } = cardOf(process);
  await process.print(`? (${gateway}) at ${macOf(gateway)} [ether]  on eth0\n`);
  return 0;
}
