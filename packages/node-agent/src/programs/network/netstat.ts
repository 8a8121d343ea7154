/**
 * netstat and ss: who listens and who is connected at a Pod's address (busybox networking/netstat.c, iproute2 ss).
 */
import { parseCommandLine, UsageError } from '../support/command-line.ts';
import type { NetworkProcess } from './network-process.ts';

interface Row {
  readonly protocol: 'tcp' | 'udp';
  readonly local: string;
  readonly remote: string;
  readonly state: 'LISTEN' | 'ESTABLISHED' | '';
}

function rowsOf({ network, ip }: NetworkProcess): Row[] {
  const listening = network.listening(ip).map(({ port, loopback }): Row => {
    return {
      protocol: 'tcp',
      local: `${loopback ? '127.0.0.1' : '0.0.0.0'}:${port}`,
      remote: '0.0.0.0:*',
      state: 'LISTEN',
    };
  });
  const connected = network.connections(ip).map(({ local, remote }): Row => {
    return {
      protocol: 'tcp',
      local: `${local.ip}:${local.port}`,
      remote: `${remote.ip}:${remote.port}`,
      state: 'ESTABLISHED',
    };
  });
  const sockets = network.sockets(ip).map(({ address }): Row => {
    return { protocol: 'udp', local: `0.0.0.0:${address.port}`, remote: '0.0.0.0:*', state: '' };
  });
  return [...listening, ...connected, ...sockets];
}

/** The rows that options ask for; undefined after a complaint. */
async function chosenRows(process: NetworkProcess): Promise<readonly Row[] | undefined> {
  try {
    const line = parseCommandLine(process.argv.slice(1), {
      short: 'tulanpweroisxH46',
      flags: { listening: 'l', all: 'a', tcp: 't', udp: 'u', numeric: 'n' },
    });
    const both = !line.has('t') && !line.has('u');
    return rowsOf(process).filter(({ protocol, state }) => {
      if (!both && !line.has(protocol === 'tcp' ? 't' : 'u')) return false;
      if (line.has('a')) return true;
      return line.has('l') === (state !== 'ESTABLISHED');
    });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    await process.printError(`${process.argv[0]}: ${error.message}\n`);
    return undefined;
  }
}

export async function netstat(process: NetworkProcess): Promise<number> {
  const rows = await chosenRows(process);
  if (rows === undefined) return 1;
  const isListing = process.argv.slice(1).some((word) => /^-\w*l/.test(word));
  const title = isListing
    ? 'only servers'
    : process.argv.slice(1).some((word) => /^-\w*a/.test(word))
      ? 'servers and established'
      : 'w/o servers';
  const lines = rows.map(
    ({ protocol, local, remote, state }) =>
      `${protocol}        0      0 ${local.padEnd(23)} ${remote.padEnd(23)} ${state.padEnd(11)}\n`,
  );
  const head = 'Proto Recv-Q Send-Q Local Address           Foreign Address         State       \n';
  await process.print(`Active Internet connections (${title})\n${head}${lines.join('')}`);
  return 0;
}

export async function ss(process: NetworkProcess): Promise<number> {
  const rows = await chosenRows(process);
  if (rows === undefined) return 1;
  const states = { LISTEN: 'LISTEN', ESTABLISHED: 'ESTAB', '': 'UNCONN' };
  const lines = rows.map(
    ({ protocol, local, remote, state }) =>
      `${protocol}   ${states[state].padEnd(6)} 0      0      ${local.padStart(20)} ${remote.padStart(20)}\n`,
  );
  await process.print(`Netid State  Recv-Q Send-Q  Local Address:Port   Peer Address:Port\n${lines.join('')}`);
  return 0;
}
