/**
 * nc: a client, or with -l a listener, over TCP or UDP, joined to standard input and output
 * (busybox' and OpenBSD's options; -e is refused, as OpenBSD's does).
 *
 * Half-closes as they do: the end of standard input ends what is sent, and the program ends when the other side does.
 */
import type { Duplex } from 'node:stream';
import { sleep } from '@regatta/runtime';
import type { DatagramSocket } from '../../network/datagram-socket.ts';
import { NetworkError, type Peer } from '../../network/network-error.ts';
import { type CommandLine, parseCommandLine, UsageError } from '../support/command-line.ts';
import { Deadline } from './deadline.ts';
import type { NetworkProcess } from './network-process.ts';

const OPTIONS = { short: '46bCDdFhklNnrStUuvze:I:i:M:m:O:P:p:q:s:T:V:W:w:X:x:', values: {}, flags: {} };
const MOST_PORTS = 65_535;

export async function nc(process: NetworkProcess): Promise<number> {
  let line: CommandLine;
  try {
    line = parseCommandLine(process.argv.slice(1), OPTIONS);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    await process.printError(`nc: ${error.message}\n${USAGE}`);
    return 1;
  }
  return line.has('l') ? listen(process, line) : connectAll(process, line);
}

const USAGE =
  'usage: nc [-klnuvz] [-i interval] [-p source_port] [-q seconds] [-s source] [-w timeout] [destination] [port]\n';

async function connectAll(process: NetworkProcess, line: CommandLine): Promise<number> {
  const [host, ports] = line.operands;
  const wanted = portsOf(ports ?? '');
  if (host === undefined || wanted === undefined) {
    await process.printError(USAGE);
    return 1;
  }
  let code = 1;
  for (const port of wanted) if ((await connectOne(process, line, host, port)) === 0) code = 0;
  return code;
}

/** `80` or `80-90`. */
function portsOf(text: string): number[] | undefined {
  const found = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (found === null) return undefined;
  const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])];
  if (first < 1 || last > MOST_PORTS || first > last) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

async function connectOne(process: NetworkProcess, line: CommandLine, host: string, port: number): Promise<number> {
  const seconds = line.value('w');
  const deadline = new Deadline(process, seconds === undefined ? undefined : Number(seconds) * 1000);
  try {
    const ip = await addressOf(process, host, deadline.signal);
    if (line.has('u')) return await udpClient(process, line, { ip, port }, deadline);
    const connection = await orTimeout(process.network.connect(process.ip, { ip, port }), deadline.signal);
    await verbose(
      process,
      line,
      `Connection to ${host}${host === ip ? '' : ` (${ip})`} ${port} port [tcp/${serviceName(port)}] succeeded!\n`,
    );
    if (line.has('z')) {
      connection.destroy();
      return 0;
    }
    return await join(process, connection, line, deadline);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const isName = error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN';
    if (isName) await process.printError(`nc: getaddrinfo for host "${host}" port ${port}: ${nameError(error)}\n`);
    else
      await verbose(
        process,
        line,
        `nc: connect to ${host} port ${port} (tcp) failed: ${error.code === 'ETIMEDOUT' ? 'Operation timed out' : error.message}\n`,
        true,
      );
    return 1;
  } finally {
    deadline.cancel();
  }
}

function nameError(error: NetworkError): string {
  return error.code === 'ENOTFOUND' ? 'Name does not resolve' : 'Try again';
}

async function addressOf(process: NetworkProcess, host: string, signal: AbortSignal): Promise<string> {
  const [ip = ''] = await orTimeout(process.resolver.lookup(host, signal), signal);
  return ip;
}

function orTimeout<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new NetworkError('ETIMEDOUT', 'Operation timed out'));
    if (signal.aborted) late();
    signal.addEventListener('abort', late, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', late));
  });
}

async function verbose(process: NetworkProcess, line: CommandLine, text: string, always = false): Promise<void> {
  if (line.has('v') || (always && !line.has('z'))) await process.printError(text);
}

/** Carries standard input to the connection and the connection to standard output. */
async function join(
  process: NetworkProcess,
  connection: Duplex,
  line: CommandLine,
  deadline: Deadline,
): Promise<number> {
  const quit = line.value('q');
  const end = (): void => void connection.destroy();
  deadline.signal.addEventListener('abort', end, { once: true });
  const sending = line.has('d') ? Promise.resolve() : send(process, connection, quit, line.has('N'));
  sending.catch(() => connection.destroy());
  try {
    for await (const chunk of connection) {
      deadline.restart();
      await process.print(chunk as Uint8Array);
    }
    return 0;
  } catch (error) {
    return error instanceof NetworkError && error.code === 'ECONNRESET' ? 1 : 0;
  } finally {
    connection.destroy();
  }
}

async function send(
  process: NetworkProcess,
  connection: Duplex,
  quit: string | undefined,
  shutdown: boolean,
): Promise<void> {
  for await (const chunk of process.stdin) {
    if (connection.destroyed) return;
    if (!connection.write(chunk)) await new Promise((resolve) => connection.once('drain', resolve));
  }
  if (quit === undefined) {
    connection.end();
    return;
  }
  if (shutdown) connection.end();
  await sleep(process.clock.real, Number(quit) * 1000, process.killed);
  connection.destroy();
}

async function udpClient(process: NetworkProcess, line: CommandLine, peer: Peer, deadline: Deadline): Promise<number> {
  const socket = process.network.openSocket(process.ip, Number(line.value('p') ?? 0), { connectedTo: peer });
  deadline.signal.addEventListener('abort', () => socket.close(), { once: true });
  try {
    if (line.has('z')) return await probeUdp(process, line, socket, peer);
    await verbose(
      process,
      line,
      `Connection to ${peer.ip} ${peer.port} port [udp/${serviceName(peer.port)}] succeeded!\n`,
    );
    const sending = sendDatagrams(process, socket, peer);
    sending.catch(() => socket.close());
    for await (const { bytes } of socket.datagrams) {
      deadline.restart();
      await process.print(bytes);
    }
    return await sending.then(
      () => 0,
      () => 1,
    );
  } finally {
    socket.close();
  }
}

/** OpenBSD's way to see whether a UDP port is open: nothing comes back. */
async function probeUdp(
  process: NetworkProcess,
  line: CommandLine,
  socket: DatagramSocket,
  peer: Peer,
): Promise<number> {
  try {
    await socket.send(peer, Buffer.from('X'));
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return 1;
  }
  await verbose(
    process,
    line,
    `Connection to ${peer.ip} ${peer.port} port [udp/${serviceName(peer.port)}] succeeded!\n`,
  );
  return 0;
}

async function sendDatagrams(process: NetworkProcess, socket: DatagramSocket, peer: Peer): Promise<void> {
  for await (const chunk of process.stdin) await socket.send(peer, chunk);
}

async function listen(process: NetworkProcess, line: CommandLine): Promise<number> {
  const port = Number(line.value('p') ?? line.operands.at(-1));
  if (!(port >= 1 && port <= MOST_PORTS)) {
    await process.printError(USAGE);
    return 1;
  }
  try {
    return line.has('u') ? await listenUdp(process, port) : await listenTcp(process, line, port);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await process.printError(`nc: bind: ${error.message}\n`);
    return 1;
  }
}

async function listenTcp(process: NetworkProcess, line: CommandLine, port: number): Promise<number> {
  const deadline = new Deadline(process, undefined);
  await verbose(process, line, `Listening on 0.0.0.0 ${port}\n`);
  try {
    for (;;) {
      const { connection, from } = await acceptOne(process, port, line.value('s'), deadline.signal);
      await verbose(process, line, `Connection received on ${from.ip} ${from.port}\n`);
      const code = await join(process, connection, line, deadline);
      if (!line.has('k') || process.killed.aborted) return code;
    }
  } finally {
    deadline.cancel();
  }
}

function acceptOne(
  process: NetworkProcess,
  port: number,
  address: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly connection: Duplex; readonly from: Peer }> {
  return new Promise((resolve, reject) => {
    const accept = (connection: Duplex, from: Peer): void => {
      stop();
      resolve({ connection, from });
    };
    const stop = process.network.listen(process.ip, port, accept, address);
    signal.addEventListener(
      'abort',
      () => {
        stop();
        reject(new NetworkError('EPIPE', 'the process has ended'));
      },
      { once: true },
    );
  });
}

/** Answers go to whoever sent first, as the real one connects its socket to them. */
async function listenUdp(process: NetworkProcess, port: number): Promise<number> {
  const socket = process.network.openSocket(process.ip, port);
  process.killed.addEventListener('abort', () => socket.close(), { once: true });
  let peer: Peer | undefined;
  for await (const { bytes, from } of socket.datagrams) {
    if (peer === undefined) {
      peer = from;
      sendDatagrams(process, socket, from).catch(() => socket.close());
    }
    await process.print(bytes);
  }
  return 0;
}

const SERVICES: ReadonlyMap<number, string> = new Map([
  [22, 'ssh'],
  [53, 'domain'],
  [80, 'http'],
  [443, 'https'],
  [6379, 'redis'],
  [8080, 'http-alt'],
]);

function serviceName(port: number): string {
  return SERVICES.get(port) ?? '*';
}
