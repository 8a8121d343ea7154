/**
 * agnhost netexec: HTTP(S) and UDP servers that tell who and where they are, dial others, and run commands
 * (upstream: test/images/agnhost/netexec/netexec.go). Uploads and SCTP are not there.
 */
import { NetworkError, type Peer } from '../../network/network-error.ts';
import { exitCodeOf } from '../../runtime/process/exit-status.ts';
import { makePipe } from '../../runtime/process/pipe.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { type Flags, parseFlags, parseGoDuration } from './flags.ts';
import {
  type Call,
  formOf,
  type Handler,
  httpError,
  logLine,
  runUntilKilled,
  serveRoutes,
  text,
  tlsFiles,
} from './go-server.ts';
import { goError, httpGet } from './http-get.ts';

const UDP_ANSWER_MS = 5_000;
const MOST_TRIES = 1000;
/** Bytes of a command's output that are kept. */
const LONGEST_OUTPUT = 4 * 1024 * 1024;

export function netexec(process: ProcessContext): Promise<number> {
  return new Promise((resolve) => {
    const server = new NetExec(process, parseFlags(process.argv.slice(2)), resolve);
    server.start();
    void runUntilKilled(process).then(resolve);
    server.delayShutdown();
  });
}

class NetExec {
  #isReady = false;

  constructor(
    private readonly process: ProcessContext,
    private readonly flags: Flags,
    private readonly exit: (code: number) => void,
  ) {}

  start(): void {
    const { process, flags } = this;
    const httpPort = flags.number('http-port', 8080);
    const udpPort = flags.number('udp-port', 8081);
    if (udpPort !== -1) this.#startUdp(udpPort);
    const tls = flags.text('tls-cert-file', '') === '' ? {} : { tls: tlsFiles(process, flags) };
    serveRoutes(process, httpPort, this.#routes(), tls);
    logLine(process, `Started HTTP server on port ${httpPort}`);
  }

  /** With --delay-shutdown it goes on for so many seconds after TERM. */
  delayShutdown(): void {
    const seconds = this.flags.number('delay-shutdown', 0);
    if (seconds <= 0) return;
    this.process.onSignal('TERM', () => {
      this.#log(`Shutting down after receiving signal: terminated.`);
      void this.process.sleep(seconds * 1000).then(() => this.exit(0));
    });
  }

  #routes(): Readonly<Record<string, Handler>> {
    const hostname = (call: Call): void => {
      this.#log('GET /hostname');
      text(call.response, this.process.hostname);
    };
    const routes: Readonly<Record<string, Handler>> = {
      '/': ({ response }) => {
        this.#log('GET /');
        text(response, `NOW: ${goTime(this.process.clock.now())}`);
      },
      '/clientip': ({ request, response }) => {
        this.#log('GET /clientip');
        text(response, `${request.socket.remoteAddress}:${request.socket.remotePort}`);
      },
      '/dial': (call) => this.#dial(call),
      '/echo': (call) => this.#echo(call),
      '/exit': (call) => this.#exit(call),
      '/healthz': ({ response }) => {
        this.#log('GET /healthz');
        text(response, '', this.#isReady ? 200 : 412);
      },
      '/hostname': hostname,
      '/hostName': hostname,
      '/redirect': (call) => this.#redirect(call),
      '/shell': (call) => this.#shell(call),
      '/shutdown': () => {
        this.#log('GET /shutdown');
        this.exit(0);
      },
      '/header': (call) => this.#header(call),
    };
    const override = this.flags.text('http-override', '');
    return override === '' ? routes : { '/': overriding(routes, override) };
  }

  #log(line: string): void {
    logLine(this.process, line);
  }

  async #echo(call: Call): Promise<void> {
    const form = await formOf(call);
    const [message, code] = [form.get('msg') ?? '', form.get('code') ?? ''];
    this.#log(`GET /echo?msg=${message}&code=${code}`);
    if (code !== '' && !/^\d+$/.test(code)) {
      return text(call.response, `argument 'code' must be an integer or empty, got "${code}"\n`);
    }
    text(call.response, message, code === '' ? 200 : Number(code));
  }

  async #header(call: Call): Promise<void> {
    const key = (await formOf(call)).get('key') ?? '';
    this.#log(`GET /header?key=${key}`);
    const value = call.request.headers[key.toLowerCase()];
    text(call.response, Array.isArray(value) ? (value[0] ?? '') : (value ?? ''));
  }

  async #redirect(call: Call): Promise<void> {
    const form = await formOf(call);
    const code = Number(form.get('code') ?? 302);
    call.response.writeHead(code, { Location: form.get('location') ?? '' }).end();
  }

  async #exit(call: Call): Promise<void> {
    const form = await formOf(call);
    const [code, timeout, wait] = ['code', 'timeout', 'wait'].map((name) => form.get(name) ?? '');
    this.#log(`GET /exit?code=${code}&timeout=${timeout}&wait=${wait}`);
    for (const [name, value] of [
      ['timeout', timeout],
      ['wait', wait],
    ]) {
      if (value !== '' && parseGoDuration(value ?? '') === undefined) {
        const problem = `argument '${name}' must be a valid golang duration or empty, got "${value}"\n`;
        return text(call.response, problem);
      }
    }
    await this.process.sleep(parseGoDuration(wait ?? '') ?? 0);
    if (timeout !== '' && timeout !== '0') text(call.response, '');
    this.exit(Number(code) || 0);
  }

  /** Runs a command; what it prints and how it ended come back as JSON. */
  async #shell(call: Call): Promise<void> {
    const form = await formOf(call);
    const command = form.get('shellCommand') || form.get('cmd') || '';
    this.#log(`GET /shell?cmd=${command}`);
    const pipe = makePipe();
    const child = this.process.spawn({
      argv: ['/bin/sh', '-c', command],
      fds: new Map([1, 2].map((fd) => [fd, pipe.writer] as const)),
    });
    pipe.writer.release();
    let output = '';
    for (let chunk = await pipe.reader.read(); chunk !== undefined; chunk = await pipe.reader.read()) {
      if (output.length < LONGEST_OUTPUT) output += Buffer.from(chunk).toString();
    }
    pipe.reader.release();
    const code = exitCodeOf(await child.wait());
    const result = { ...(code === 0 ? {} : { error: `exit status ${code}` }), ...(output === '' ? {} : { output }) };
    this.#log(
      `Output: map[${Object.entries(result)
        .map(([key, value]) => `${key}:${value}`)
        .join(' ')}]`,
    );
    text(call.response, JSON.stringify(result));
  }

  async #dial({ query, response }: Call): Promise<void> {
    const value = (name: string): string => query.get(name) ?? '';
    const [host, port, request, protocol, tries] = ['host', 'port', 'request', 'protocol', 'tries'].map(value);
    this.#log(`GET /dial?host=${host}&protocol=${protocol}&port=${port}&request=${request}&tries=${tries}`);
    const count = tries === '' ? 1 : Number(tries);
    if (!Number.isInteger(count)) {
      return httpError(response, `tries parameter is invalid. strconv.Atoi: parsing "${tries}": invalid syntax`, 400);
    }
    if (!request) return httpError(response, 'request parameter not specified. <nil>', 400);
    const dial = protocol?.toLowerCase() === 'udp' ? dialUdp : dialHttp;
    if (!['', 'http', 'udp'].includes(protocol?.toLowerCase() ?? '')) {
      return httpError(response, `unsupported protocol. ${protocol}`, 400);
    }
    const answers: { responses?: string[]; errors?: string[] } = {};
    for (let i = 0; i < Math.min(count, MOST_TRIES); i++) {
      const { body, error } = await dial(this.process, `${host}:${port}`, request);
      if (error === undefined) answers.responses = [...(answers.responses ?? []), body];
      else answers.errors = [...(answers.errors ?? []), error];
    }
    text(response, JSON.stringify(answers));
  }

  #startUdp(port: number): void {
    const { process, flags } = this;
    const addresses = flags
      .text('udp-listen-addresses', '')
      .split(',')
      .filter((address) => address !== '');
    for (const address of addresses.length === 0 ? [process.ip] : addresses) {
      const socket = process.network.openSocket(address, port);
      process.killed.addEventListener('abort', () => socket.close(), { once: true });
      void (async () => {
        for await (const { bytes, from } of socket.datagrams) {
          const answer = this.#udpAnswer(Buffer.from(bytes).toString().trim(), from);
          if (answer !== undefined) await socket.send(from, Buffer.from(answer)).catch(() => {});
        }
      })();
    }
    this.#isReady = true;
    logLine(process, `Started UDP server on port  ${port}`);
  }

  #udpAnswer(received: string, from: Peer): string | undefined {
    const command = received.toLowerCase();
    if (command === 'hostname') return this.process.hostname;
    if (command === 'clientip') return `${from.ip}:${from.port}`;
    if (command.startsWith('echo ')) return received.slice('echo '.length);
    if (command !== '') this.#log(`Unknown udp command received: ${received}`);
    return undefined;
  }
}

interface Dialled {
  readonly body: string;
  readonly error?: string;
}

async function dialHttp(process: ProcessContext, address: string, request: string): Promise<Dialled> {
  const url = `http://${address}/${request}`;
  try {
    return { body: await httpGet(process, url) };
  } catch (error) {
    return { body: '', error: `Get "${url}": ${goError(error, 'tcp', address)}` };
  }
}

async function dialUdp(process: ProcessContext, address: string, request: string): Promise<Dialled> {
  const [host = '', port] = address.split(':');
  try {
    const [ip = ''] = await process.resolver.lookup(host, process.killed);
    const peer = { ip, port: Number(port) };
    return { body: await askUdp(process, peer, request) };
  } catch (error) {
    const what =
      error instanceof NetworkError && error.code === 'ECONNREFUSED' ? 'read: connection refused' : 'i/o timeout';
    return { body: '', error: `reading from udp connection failed. err:'read udp ${process.ip}->${address}: ${what}'` };
  }
}

/** @throws NetworkError */
export async function askUdp(
  process: ProcessContext,
  peer: Peer,
  request: string,
  timeout = UDP_ANSWER_MS,
): Promise<string> {
  const socket = process.network.openSocket(process.ip, 0, { connectedTo: peer });
  const timer = process.clock.real.setTimer(timeout, () => socket.close());
  try {
    await socket.send(peer, Buffer.from(request));
    for await (const { bytes } of socket.datagrams) return Buffer.from(bytes).toString();
    throw new NetworkError('ETIMEDOUT', 'i/o timeout');
  } finally {
    timer.cancel();
    socket.close();
  }
}

/** Every request is taken for a GET of the same path. */
function overriding(routes: Readonly<Record<string, Handler>>, override: string): Handler {
  const [path = '/', query = ''] = override.split('?');
  const handler = routes[path] ?? routes['/'];
  return (call) => handler?.({ ...call, path, query: new URLSearchParams(query) });
}

/** 2026-01-02 15:04:05.123456 +0000 UTC m=+0.1 */
function goTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}000000 +0000 UTC`;
}
