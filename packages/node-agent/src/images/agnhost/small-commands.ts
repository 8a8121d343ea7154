/**
 * agnhost's subcommands that do one thing (upstream: test/images/agnhost/{connect,dns,entrypoint-tester,logs-generator,
 * port-forward-tester,tcp-reset,inclusterclient}).
 */
import { createHash } from 'node:crypto';
import type { Connection } from '../../network/connection.ts';
import { NetworkError } from '../../network/network-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { klogLine, logLine, runUntilKilled } from './go-server.ts';
import { goError } from './http-get.ts';
import { accountToken, apiServerUrl, askInCluster } from './in-cluster.ts';
import { askUdp } from './netexec.ts';

/** Real milliseconds that a connection without a timeout of its own may take. */
const CONNECT_MS = 120_000;

export async function connect(process: ProcessContext): Promise<number> {
  const flags = parseFlags(process.argv.slice(2));
  const [target = ''] = flags.operands;
  const found = /^(.+):(\d+)$/.exec(target);
  if (found === null) return fail(process, `UNKNOWN: address ${target}: missing port in address`);
  const port = Number(found[2]);
  const timeout = flags.duration('timeout', 0) || CONNECT_MS;
  let ip: string;
  try {
    [ip = ''] = await process.resolver.lookup(found[1] ?? '', process.killed);
  } catch (error) {
    return fail(process, `DNS: ${goError(error, 'tcp', target)}`);
  }
  try {
    if (flags.text('protocol', 'tcp') === 'udp') {
      await askUdp(process, { ip, port }, `${flags.text('udp-data', 'hostname')}\n`, timeout);
    } else await connectTcp(process, ip, port, timeout);
    return 0;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    if (error.code === 'ETIMEDOUT') return fail(process, 'TIMEOUT');
    return fail(process, error.code === 'ECONNREFUSED' ? 'REFUSED' : `OTHER: ${goError(error, 'tcp', target)}`);
  }
}

function fail(process: ProcessContext, text: string): number {
  process.write('stderr', `${text}\n`);
  return 1;
}

function connectTcp(process: ProcessContext, ip: string, port: number, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new NetworkError('ETIMEDOUT', 'i/o timeout'));
    const timer = process.clock.real.setTimer(timeout, late);
    process.network
      .connect(process.ip, { ip, port })
      .then((connection) => {
        connection.destroy();
        resolve();
      }, reject)
      .finally(() => timer.cancel());
  });
}

export async function dnsSuffix(process: ProcessContext): Promise<number> {
  process.write('stdout', `${process.resolver.config.search.join(',')}\n`);
  return 0;
}

export async function dnsServerList(process: ProcessContext): Promise<number> {
  process.write('stdout', `${process.resolver.config.nameservers.join(',')}\n`);
  return 0;
}

export async function etcHosts(process: ProcessContext): Promise<number> {
  process.write('stdout', `${Buffer.from(process.fileSystem().readFile('/etc/hosts')).toString()}\n`);
  return 0;
}

export async function entrypointTester(process: ProcessContext): Promise<number> {
  const words = [process.argv[0] ?? '', ...process.argv.slice(1)];
  process.write('stdout', `[${words.join(' ')}]\n`);
  return 0;
}

const METHODS = ['GET', 'POST', 'PUT'];
const NAMESPACES = ['kube-system', 'default', 'ns'];

/** Lines like an API server's, evenly over a time. */
export async function logsGenerator(process: ProcessContext): Promise<number> {
  const flags = parseFlags(process.argv.slice(2), { letters: { t: 'log-lines-total', d: 'run-duration' } });
  const total = flags.number('log-lines-total', 0);
  const duration = flags.duration('run-duration', 0);
  if (total <= 0) return fatal(process, `Invalid total number of lines: ${total}`);
  if (duration <= 0) return fatal(process, 'Invalid duration: 0s');
  for (let id = 0; id < total; id++) {
    const hash = createHash('sha256').update(`${process.hostname} ${id}`).digest();
    const [a = 0, b = 0, c = 0, d = 0] = hash;
    const path = `/api/v1/namespaces/${NAMESPACES[b % 3]}/pods/${hash.toString('hex').slice(0, 3 + (c % 2))}`;
    klogLine(process, 'logs_generator.go:76', `${id} ${METHODS[a % 3]} ${path} ${200 + ((d * 256 + c) % 400)}`);
    await process.sleep(duration / total);
  }
  return 0;
}

function fatal(process: ProcessContext, text: string): number {
  klogLine(process, 'logs_generator.go:64', text, 'F');
  return 255;
}

/** Takes one connection, checks what it says, and answers in chunks. */
export async function portForwardTester(process: ProcessContext): Promise<number> {
  const { env } = process;
  const say = (text: string): void => process.write('stdout', `${text}\n`);
  const connection = await acceptOne(process, Number(env.get('BIND_PORT')), env.get('BIND_ADDRESS') || 'localhost');
  say('Accepted client connection');
  const expected = env.get('EXPECTED_CLIENT_DATA') ?? '';
  if (expected !== '') {
    const received = await readExactly(connection, Buffer.byteLength(expected));
    if (received.length !== Buffer.byteLength(expected)) {
      say(`Expected to read ${expected.length} bytes from client, but got ${received.length} instead. err=EOF`);
      return 2;
    }
    if (received.toString() !== expected) {
      say(`Expect to read ${JSON.stringify(expected)}, but got ${JSON.stringify(received.toString())}. err=<nil>`);
      return 3;
    }
    say('Received expected client data');
  }
  const number = (name: string): number => Number(env.get(name));
  for (let i = 0; i < number('CHUNKS'); i++) {
    if (i > 0) await process.sleep(number('CHUNK_INTERVAL'));
    await new Promise((resolve) => connection.write('x'.repeat(number('CHUNK_SIZE')), resolve));
  }
  say('Shutting down connection');
  await new Promise<void>((resolve) => connection.end(resolve));
  say('Done');
  return 0;
}

function acceptOne(process: ProcessContext, port: number, address: string): Promise<Connection> {
  return new Promise((resolve) => {
    const stop = process.network.listen(
      process.ip,
      port,
      (connection) => {
        stop();
        resolve(connection);
      },
      address,
    );
    process.killed.addEventListener('abort', stop, { once: true });
  });
}

async function readExactly(connection: Connection, size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let have = 0;
  for await (const chunk of connection.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Uint8Array);
    have += chunk.length;
    if (have >= size) break;
  }
  return Buffer.concat(chunks).subarray(0, size);
}

/** Resets every connection. */
export function tcpReset(process: ProcessContext): Promise<number> {
  const port = parseFlags(process.argv.slice(2)).number('port', 8080);
  const stop = process.network.listen(process.ip, port, (connection) => {
    connection.once('data', () => connection.reset());
  });
  process.killed.addEventListener('abort', stop, { once: true });
  logLine(process, `Listening on port ${port}`);
  return runUntilKilled(process);
}

/** Asks the API server for its health with the Pod's token, again and again. */
export async function inClusterClient(process: ProcessContext): Promise<number> {
  const seconds = parseFlags(process.argv.slice(2)).number('poll-interval', 30);
  klogLine(process, 'main.go:61', 'started');
  for (;;) {
    await process.sleep(seconds * 1000);
    klogLine(process, 'main.go:79', 'calling /healthz');
    const hash = createHash('sha256')
      .update(`salt|Bearer ${await accountToken(process)}`)
      .digest('base64url');
    klogLine(process, 'main.go:96', `authz_header=${hash}`);
    try {
      const { status } = await askInCluster(process, `${apiServerUrl(process)}/healthz`, { accept: '*/*' });
      if (status !== 200) klogLine(process, 'main.go:82', 'status=failed', 'E');
    } catch (error) {
      if (process.killed.aborted) throw error;
      klogLine(process, 'main.go:82', 'status=failed', 'E');
      klogLine(
        process,
        'main.go:83',
        `error checking /healthz: ${error instanceof Error ? error.message : error}`,
        'E',
      );
    }
  }
}
