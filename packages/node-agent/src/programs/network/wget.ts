/**
 * busybox wget (upstream: busybox networking/wget.c): its options, messages and exit codes; one download after another.
 */
import { NetworkError } from '../../network/network-error.ts';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { type CommandLine, parseCommandLine, UsageError } from '../support/command-line.ts';
import { Deadline } from './deadline.ts';
import { exchangeHttp, type HttpReply, TlsError } from './http-client.ts';
import { type NetworkProcess, openOutput, pathOf, readInputFile } from './network-process.ts';

const OPTIONS = {
  short: 'cqSO:o:P:Y:U:T:t:',
  flags: {
    continue: 'c',
    quiet: 'q',
    'server-response': 'S',
    spider: 'spider',
    'no-check-certificate': 'insecure',
    'no-verbose': 'nv',
    'no-cache': 'no-cache',
    passive: 'passive',
  },
  values: {
    'output-document': 'O',
    'output-file': 'o',
    'directory-prefix': 'P',
    proxy: 'Y',
    'user-agent': 'U',
    timeout: 'T',
    tries: 't',
    header: 'header',
    'post-data': 'post',
    'post-file': 'post-file',
  },
};

const DEFAULT_TIMEOUT_S = 900;
const MOST_REDIRECTS = 5;
const BAR_WIDTH = 32;
const NAME_WIDTH = 20;
const VERSION = 'BusyBox v1.37.0 (2024-09-26 21:31:42 UTC) multi-call binary.';

export async function wget(process: NetworkProcess): Promise<number> {
  let line: CommandLine;
  try {
    line = parseCommandLine(process.argv.slice(1), OPTIONS);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    await process.printError(`wget: ${error.message}\n${usage()}`);
    return 1;
  }
  if (line.operands.length === 0) {
    await process.printError(usage());
    return 1;
  }
  for (const target of line.operands) {
    const failure = await new Download(process, line).run(target);
    if (failure !== undefined) {
      await process.printError(`wget: ${failure}\n`);
      return 1;
    }
  }
  return 0;
}

function usage(): string {
  return `${VERSION}\n\nUsage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR]\n\t[--post-data STR | --post-file FILE] [-Y on/off]\n\t[--no-check-certificate] [-P DIR] [-U AGENT] [-T SEC] URL...\n`;
}

class Download {
  readonly #quiet: boolean;
  #insecureTold = false;
  #address = '';

  constructor(
    private readonly process: NetworkProcess,
    private readonly line: CommandLine,
  ) {
    this.#quiet = line.has('q');
  }

  /** What went wrong, in wget's words; undefined when all went well. */
  async run(target: string): Promise<string | undefined> {
    let url = parseUrl(target);
    if (url === undefined) return `not an http or ftp url: ${target}`;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const step: Step = await this.#attempt(url).catch((error: unknown) => ({
        failure: this.#failure(error, target),
      }));
      if (!('next' in step)) return step.failure;
      url = step.next;
    }
    return 'too many redirections';
  }

  #failure(error: unknown, target: string): string {
    if (error instanceof WgetError) return error.message;
    if (error instanceof FileError) return `can't open '${error.path}': ${error.reason}`;
    if (error instanceof TlsError) return 'TLS error from peer (alert code 40): handshake failure';
    if (!(error instanceof NetworkError)) throw error;
    const host = parseUrl(target)?.hostname ?? target;
    if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') return `bad address '${host}'`;
    if (error.code === 'ETIMEDOUT') return 'download timed out';
    if (error.message.startsWith('Empty')) return 'error getting response';
    return `can't connect to remote host (${this.#address}): ${error.message}`;
  }

  async #attempt(url: URL): Promise<Step> {
    const deadline = new Deadline(this.process, Number(this.line.value('T') ?? DEFAULT_TIMEOUT_S) * 1000);
    try {
      return await this.#take(await this.#fetch(url, deadline.signal), url);
    } finally {
      deadline.cancel();
    }
  }

  async #take(reply: HttpReply, url: URL): Promise<Step> {
    try {
      if (this.line.has('S')) await this.#tellHeaders(reply);
      const location = reply.header('location');
      if (reply.status >= 300 && reply.status < 400 && location !== undefined) return { next: new URL(location, url) };
      if (reply.status !== 200 && reply.status !== 204 && reply.status !== 206) {
        return { failure: `server returned error: HTTP/${reply.version} ${reply.status} ${reply.reason}` };
      }
      if (this.line.has('spider')) {
        await this.#tell('remote file exists\n');
        return { failure: undefined };
      }
      await this.#save(reply, url);
      return { failure: undefined };
    } finally {
      reply.close();
    }
  }

  async #fetch(url: URL, signal: AbortSignal): Promise<HttpReply> {
    const { process, line } = this;
    if (url.protocol === 'https:' && !this.#insecureTold && !line.has('insecure')) {
      this.#insecureTold = true;
      await this.#tell('wget: note: TLS certificate validation not implemented\n');
    }
    const body = this.#body();
    return exchangeHttp(process, {
      url,
      method: body !== undefined ? 'POST' : line.has('spider') ? 'HEAD' : 'GET',
      headers: this.#headers(url, body),
      ...(body === undefined ? {} : { body }),
      tls: { verify: false },
      connectTimeout: DEFAULT_TIMEOUT_S * 1000,
      onResolved: ({ ip, port }) => {
        this.#address = ip;
        return this.#tell(`Connecting to ${url.host} (${ip}:${port})\n`);
      },
      signal,
    });
  }

  #body(): Uint8Array | undefined {
    const file = this.line.value('post-file');
    if (file !== undefined) return readInputFile(this.process, file);
    const text = this.line.value('post');
    return text === undefined ? undefined : Buffer.from(text);
  }

  #headers(url: URL, body: Uint8Array | undefined): (readonly [string, string])[] {
    const own = this.line.values('header').map((text): [string, string] => {
      const colon = text.indexOf(':');
      return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
    });
    const given = new Set(own.map(([name]) => name.toLowerCase()));
    const standard: [string, string][] = [
      ['Host', url.host],
      ['User-Agent', this.line.value('U') ?? 'Wget'],
      ['Connection', 'close'],
    ];
    if (url.username !== '') standard.push(['Authorization', `Basic ${btoa(`${url.username}:${url.password}`)}`]);
    if (body !== undefined) {
      standard.push(['Content-Type', 'application/x-www-form-urlencoded'], ['Content-Length', String(body.length)]);
    }
    return [...standard.filter(([name]) => !given.has(name.toLowerCase())), ...own];
  }

  async #tellHeaders({ version, status, reason, headers }: HttpReply): Promise<void> {
    const lines = [`HTTP/${version} ${status} ${reason}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
    await this.process.printError(lines.map((text) => `  ${text}\n`).join(''));
  }

  async #save(reply: HttpReply, url: URL): Promise<void> {
    const { line, process } = this;
    const directory = line.value('P');
    const last = url.pathname.split('/').at(-1) || 'index.html';
    const name = line.value('O') ?? (directory === undefined ? last : `${directory}/${last}`);
    const shown = name === '-' ? '-' : (name.split('/').at(-1) ?? name);
    if (line.value('O') === undefined && process.fileSystem().exists(pathOf(process, name)) && !line.has('c')) {
      throw new WgetError(`can't open '${name}': File exists`);
    }
    await this.#tell(name === '-' ? 'writing to stdout\n' : `saving to '${name}'\n`);
    const output = openOutput(process, name);
    let size = 0;
    try {
      for await (const chunk of reply.body) {
        size += chunk.length;
        await output.write(chunk);
      }
    } finally {
      output.close();
    }
    await this.#tell(progress(shown, size));
    await this.#tell(name === '-' ? 'written to stdout\n' : `'${name}' saved\n`);
  }

  async #tell(text: string): Promise<void> {
    if (!this.#quiet) await this.process.printError(text);
  }
}

type Step = { readonly next: URL } | { readonly failure: string | undefined };

class WgetError extends Error {
  readonly code = 'wget';
}

/** busybox libbb/progress.c, of a download that is over. */
function progress(name: string, size: number): string {
  const label = name.slice(0, NAME_WIDTH).padEnd(NAME_WIDTH);
  return `${label} 100% |${'*'.repeat(BAR_WIDTH)}| ${humanSize(size).padStart(5)}  0:00:00 ETA\n`;
}

function humanSize(size: number): string {
  if (size < 100_000) return String(size);
  if (size < 1024 * 1024) return `${Math.floor(size / 1024)}k`;
  return `${(size / 1024 / 1024).toFixed(1)}M`;
}

function parseUrl(text: string): URL | undefined {
  const colon = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  if (colon !== null && !/^https?$/i.test(colon[1] ?? '')) return undefined;
  try {
    return new URL(colon === null ? `http://${text}` : text);
  } catch {
    return undefined;
  }
}
