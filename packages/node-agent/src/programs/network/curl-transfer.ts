/**
 * One transfer of curl: from a URL of its command line to output and write-out variables.
 */
import type { Peer } from '../../network/network-error.ts';
import type { CommandLine } from '../support/command-line.ts';
import { requestBody } from './curl-body.ts';
import type { CurlFailure, FailedTransfer } from './curl-failure.ts';
import { CURL_VERSION } from './curl-options.ts';
import { formatWriteOut } from './curl-write-out.ts';
import { Deadline } from './deadline.ts';
import { exchangeHttp, type HttpReply, type TlsOptions } from './http-client.ts';
import { type NetworkProcess, openOutput, readInputFile } from './network-process.ts';

const CONNECT_TIMEOUT_MS = 300_000;
const DEFAULT_REDIRECTS = 50;

export class CurlTransfer implements FailedTransfer {
  readonly #startedAt: number;
  #url: URL | undefined;
  #peer: Peer | undefined;
  #reply: HttpReply | undefined;
  #redirects = 0;
  isConnected = false;
  received = 0;

  constructor(
    private readonly process: NetworkProcess,
    private readonly line: CommandLine,
    private readonly target: string,
    private readonly index: number,
  ) {
    this.#startedAt = process.clock.real.monotonic();
  }

  get host(): string {
    return this.#url?.hostname ?? '';
  }

  get port(): number {
    return Number(this.#url?.port || (this.#url?.protocol === 'https:' ? 443 : 80));
  }

  get elapsed(): number {
    return this.process.clock.real.monotonic() - this.#startedAt;
  }

  /** HTTP status of the last answer; 0 without one. */
  get status(): number {
    return this.#reply?.status ?? 0;
  }

  /** What went wrong; undefined when all went well. @throws NetworkError, TlsError, FileError */
  async run(): Promise<CurlFailure | undefined> {
    const colon = /^([a-z][a-z0-9+.-]*):\/\//i.exec(this.target);
    const scheme = colon?.[1]?.toLowerCase() ?? 'http';
    if (scheme !== 'http' && scheme !== 'https') {
      return { code: 1, message: `Protocol "${scheme}" not supported` };
    }
    try {
      this.#url = new URL(colon === null ? `http://${this.target}` : this.target);
    } catch {
      return { code: 3, message: 'URL rejected: Malformed input to a URL function' };
    }
    const limit = this.line.value('m');
    const deadline = new Deadline(this.process, limit === undefined ? undefined : Number(limit) * 1000);
    try {
      return await this.#follow(this.#url, deadline.signal);
    } finally {
      deadline.cancel();
      this.#reply?.close();
    }
  }

  async #follow(first: URL, signal: AbortSignal): Promise<CurlFailure | undefined> {
    const most = Number(this.line.value('max-redirs') ?? DEFAULT_REDIRECTS);
    let isRepeated = false;
    for (let url = first; ; this.#redirects++) {
      this.#url = url;
      const reply = await this.#request(url, signal, isRepeated);
      this.#reply = reply;
      const location = reply.header('location');
      const isRedirect = this.line.has('L') && reply.status >= 300 && reply.status < 400 && location !== undefined;
      if (!isRedirect) return this.#take(reply, url);
      if (this.#redirects >= most) return { code: 47, message: `Maximum (${most}) redirects followed` };
      if (this.line.has('i')) await this.process.print(headerBlock(reply));
      isRepeated ||= reply.status !== 307 && reply.status !== 308;
      url = new URL(location, url);
      reply.close();
    }
  }

  /** @param isRepeated a redirect that turns a POST into a GET came before */
  async #request(url: URL, signal: AbortSignal, isRepeated: boolean): Promise<HttpReply> {
    const { process, line } = this;
    const body = isRepeated ? undefined : await requestBody(process, line);
    const sent = line.has('G') ? undefined : body?.bytes;
    if (line.has('G') && body !== undefined)
      url.search += (url.search === '' ? '?' : '&') + Buffer.from(body.bytes).toString();
    const given = line.value('X');
    const usual = line.has('I') ? 'HEAD' : line.has('T') ? 'PUT' : sent === undefined ? 'GET' : 'POST';
    const method = given !== undefined && !(isRepeated && given === 'POST') ? given : usual;
    const headers = this.#headers(url, sent, body?.contentType);
    const timeout = line.value('connect-timeout');
    const reply = await exchangeHttp(process, {
      url,
      method,
      headers,
      ...(sent === undefined ? {} : { body: sent }),
      tls: this.#tls(),
      connectTimeout: timeout === undefined ? CONNECT_TIMEOUT_MS : Number(timeout) * 1000,
      addresses: resolveOverrides(line),
      onResolved: (peer) => this.#verbose(`*   Trying ${peer.ip}:${peer.port}...\n`),
      onConnected: async (peer) => {
        this.#peer = peer;
        this.isConnected = true;
        await this.#verbose(`* Connected to ${url.hostname} (${peer.ip}) port ${peer.port}\n`);
        await this.#verboseBlock('>', `${method} ${url.pathname}${url.search} HTTP/1.1`, headers);
      },
      signal,
    });
    await this.#verboseBlock('<', `HTTP/${reply.version} ${reply.status} ${reply.reason}`, reply.headers);
    return reply;
  }

  #headers(url: URL, body: Uint8Array | undefined, contentType: string | undefined): (readonly [string, string])[] {
    const { line } = this;
    const own = line.values('H').flatMap(headerOf);
    const standard: [string, string][] = [['Host', url.host]];
    const user = line.value('u') ?? (url.username ? `${url.username}:${url.password}` : undefined);
    if (user !== undefined) standard.push(['Authorization', `Basic ${Buffer.from(user).toString('base64')}`]);
    const bearer = line.value('oauth2-bearer');
    if (bearer !== undefined) standard.push(['Authorization', `Bearer ${bearer}`]);
    standard.push(['User-Agent', line.value('A') ?? `curl/${CURL_VERSION}`], ['Accept', '*/*']);
    for (const [option, name] of [
      ['e', 'Referer'],
      ['b', 'Cookie'],
      ['r', 'Range'],
    ] as const) {
      const value = line.value(option);
      if (value !== undefined) standard.push([name, option === 'r' ? `bytes=${value}` : value]);
    }
    if (line.has('compressed')) standard.push(['Accept-Encoding', 'identity']);
    if (body !== undefined) standard.push(['Content-Length', String(body.length)]);
    if (body !== undefined && contentType !== undefined) standard.push(['Content-Type', contentType]);
    if (line.has('json')) standard.push(['Accept', 'application/json']);
    const given = new Set(own.map(({ name }) => name.toLowerCase()));
    const kept = standard.filter(([name]) => !given.has(name.toLowerCase()));
    return [...kept, ...own.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]))];
  }

  #tls(): TlsOptions {
    const file = (name: string): Uint8Array | undefined => {
      const path = this.line.value(name)?.replace(/:[^:/]*$/, '');
      return path === undefined ? undefined : readInputFile(this.process, path);
    };
    const [ca, certificate, key] = [file('cacert'), file('E'), file('key')];
    return {
      verify: !this.line.has('k'),
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(key === undefined ? {} : { key }),
    };
  }

  async #take(reply: HttpReply, url: URL): Promise<CurlFailure | undefined> {
    const { line, process } = this;
    const isError = reply.status >= 400;
    const failure = { code: 22, message: `The requested URL returned error: ${reply.status}` };
    if (isError && line.has('f')) return failure;
    const outputs = line.values('o');
    const named = outputs[Math.min(this.index, outputs.length - 1)];
    const remote = line.has('O') ? url.pathname.split('/').at(-1) : undefined;
    if (remote === '') return { code: 23, message: 'Remote filename has no length' };
    const output = openOutput(process, named ?? remote ?? '-');
    const dump = line.value('D');
    if (dump !== undefined) {
      const file = openOutput(process, dump);
      await file.write(Buffer.from(headerBlock(reply)));
      file.close();
    }
    try {
      if (line.has('i') || line.has('I')) await output.write(Buffer.from(headerBlock(reply)));
      for await (const chunk of reply.body) {
        this.received += chunk.length;
        await output.write(chunk);
      }
    } finally {
      output.close();
    }
    await this.#meter(named ?? remote);
    return isError && line.has('fail-with-body') ? failure : undefined;
  }

  /** The progress meter, shown where the body does not go to the screen. */
  async #meter(file: string | undefined): Promise<void> {
    const isQuiet = this.line.has('s') || this.line.has('no-progress-meter');
    if (isQuiet || file === undefined || file === '-') return;
    const size = String(this.received).padStart(5);
    await this.process.printError(
      '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
        '                                 Dload  Upload   Total   Spent    Left  Speed\n' +
        `100 ${size}  100 ${size}    0     0  ${size}      0 --:--:-- --:--:-- --:--:-- ${size}\n`,
    );
  }

  async writeOut(failure: CurlFailure | undefined): Promise<void> {
    const format = this.line.value('w');
    if (format === undefined) return;
    const reply = this.#reply;
    await this.process.print(
      formatWriteOut(
        format.startsWith('@') ? Buffer.from(readInputFile(this.process, format.slice(1))).toString() : format,
        {
          reply,
          url: this.#url?.href ?? this.target,
          peer: this.#peer,
          localIp: this.process.ip,
          size: this.received,
          seconds: this.elapsed / 1000,
          redirects: this.#redirects,
          exitCode: failure?.code ?? 0,
          errorMessage: failure?.message ?? '',
        },
      ),
    );
  }

  async #verbose(text: string): Promise<void> {
    if (this.line.has('v')) await this.process.printError(text);
  }

  async #verboseBlock(mark: string, first: string, headers: readonly (readonly [string, string])[]): Promise<void> {
    const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`), ''];
    await this.#verbose(lines.map((line) => `${mark} ${line}\n`).join(''));
  }
}

function headerBlock({ version, status, reason, headers }: HttpReply): string {
  const lines = [
    `HTTP/${version} ${status} ${reason}`.trimEnd(),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** `Name: value`; `Name:` takes the header away, `Name;` sends it empty. */
function headerOf(text: string): { readonly name: string; readonly value: string | undefined }[] {
  const colon = text.indexOf(':');
  if (colon < 0) return text.endsWith(';') ? [{ name: text.slice(0, -1), value: '' }] : [];
  const value = text.slice(colon + 1).trim();
  return [{ name: text.slice(0, colon).trim(), value: value === '' ? undefined : value }];
}

/** `--resolve HOST:PORT:ADDRESS` */
function resolveOverrides(line: CommandLine): ReadonlyMap<string, string> {
  const found = line.values('resolve').map((text) => /^([^:]+:\d+):([^,]+)/.exec(text));
  return new Map(found.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])));
}
