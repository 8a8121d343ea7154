/**
 * wget and curl on the emulated network.
 */
import { type Command, defineCommand, type ExecResult } from 'just-bash';
import { NetworkError } from '../../../network/pod-network.ts';
import { ContainerFileSystem } from '../../filesystem/file-system.ts';
import type { ProcessContext } from '../../process/process-context.ts';

/** Bytes of an answer that are kept. */
const LIMIT = 8 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;

interface Fetched {
  readonly code: number;
  readonly body: Uint8Array;
  readonly host: string;
  readonly ip: string;
  readonly port: number;
}

export function networkCommands(process: ProcessContext): Command[] {
  return [
    defineCommand('wget', (args, ctx) => wget(process, args, ctx.cwd)),
    defineCommand('curl', (args) => curl(process, args)),
  ];
}

async function wget(process: ProcessContext, args: readonly string[], cwd: string): Promise<ExecResult> {
  const options = readOptions(args, 'OTYS');
  const [target] = options.rest;
  if (target === undefined) return failure('wget: missing URL\n');
  const url = parseUrl(target);
  if (url === undefined) return failure(`wget: not an http or ftp url: ${target}\n`);
  const quiet = options.flags.has('q');
  try {
    const answer = await fetchUrl(process, url, 'Wget', seconds(options.values.get('T')));
    const connecting = quiet ? '' : `Connecting to ${answer.host}:${answer.port} (${answer.ip}:${answer.port})\n`;
    if (answer.code >= 400) return failure(`${connecting}wget: server returned error: HTTP/1.1 ${answer.code}\n`);
    if (options.flags.has('-spider')) return { stdout: '', stderr: `${connecting}remote file exists\n`, exitCode: 0 };
    return saved(process, answer, options.values.get('O'), url, cwd, connecting);
  } catch (error) {
    return failure(`wget: ${wgetError(error, url)}\n`);
  }
}

function saved(
  process: ProcessContext,
  { body }: Fetched,
  output: string | undefined,
  url: URL,
  cwd: string,
  said: string,
): ExecResult {
  const name = output ?? (url.pathname.split('/').at(-1) || 'index.html');
  if (name === '-')
    return { stdout: Buffer.from(body).toString('latin1'), stdoutKind: 'bytes', stderr: said, exitCode: 0 };
  process.fileSystem().writeFile(ContainerFileSystem.resolve(cwd, name), body);
  return { stdout: '', stderr: said, exitCode: 0 };
}

async function curl(process: ProcessContext, args: readonly string[]): Promise<ExecResult> {
  const options = readOptions(args, 'mowXHdA');
  const [target] = options.rest;
  if (target === undefined) return failure('curl: (2) no URL specified\n', 2);
  const url = parseUrl(target);
  if (url === undefined) return failure(`curl: (3) URL rejected: ${target}\n`, 3);
  try {
    const time = options.values.get('m') ?? options.values.get('-connect-timeout') ?? options.values.get('-max-time');
    const answer = await fetchUrl(process, url, 'curl/8.14.1', seconds(time));
    const format =
      options.values.get('w')?.replaceAll('%{http_code}', String(answer.code)).replaceAll('\\n', '\n') ?? '';
    if (answer.code >= 400 && options.flags.has('f')) {
      return failure(`curl: (22) The requested URL returned error: ${answer.code}\n`, 22);
    }
    const shown = options.values.get('o') === '/dev/null' ? '' : Buffer.from(answer.body).toString('latin1');
    return { stdout: shown + format, stdoutKind: 'bytes', stderr: '', exitCode: 0 };
  } catch (error) {
    return curlError(error, url, options.flags.has('s') && !options.flags.has('S'));
  }
}

interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** Short options may be joined; letters in `withValue`, and long options that end in a value, take the next word. */
function readOptions(args: readonly string[], withValue: string): Options {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    if (word === '-' || !word.startsWith('-')) rest.push(word);
    else if (word.startsWith('--')) {
      const [name = '', value] = word.slice(1).split('=');
      if (value !== undefined) values.set(name, value);
      else if (/timeout|max-time/.test(name)) values.set(name, args[++i] ?? '');
      else flags.add(name === '-silent' ? 's' : name === '-fail' ? 'f' : name === '-quiet' ? 'q' : name);
    } else i = readShort(word, args, i, withValue, flags, values);
  }
  return { flags, values, rest };
}

function readShort(
  word: string,
  args: readonly string[],
  at: number,
  withValue: string,
  flags: Set<string>,
  values: Map<string, string>,
): number {
  for (let j = 1; j < word.length; j++) {
    const letter = word.charAt(j);
    if (!withValue.includes(letter)) {
      flags.add(letter);
      continue;
    }
    const attached = word.slice(j + 1);
    values.set(letter, attached === '' ? (args[at + 1] ?? '') : attached);
    return attached === '' ? at + 1 : at;
  }
  return at;
}

function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(text.includes('://') ? text : `http://${text}`);
    return url.protocol === 'http:' ? url : undefined;
  } catch {
    return undefined;
  }
}

function seconds(text: string | undefined): number {
  const value = Number(text);
  return text !== undefined && value > 0 ? value * 1000 : DEFAULT_TIMEOUT_MS;
}

async function fetchUrl(process: ProcessContext, url: URL, agent: string, timeout: number): Promise<Fetched> {
  const port = Number(url.port || 80);
  const ip = resolveHost(process, url.hostname);
  const { request } = await import('../../../network/http-service.ts');
  const answer = (async () => {
    const connection = await process.network.connect(process.ip, { ip, port });
    const headers = { Host: url.host, 'User-Agent': agent, Accept: '*/*', Connection: 'close' };
    return request(connection, { method: 'GET', path: url.pathname + url.search, headers, limit: LIMIT });
  })();
  const late = process.clock.sleep(timeout, process.killed).then(() => {
    throw new NetworkError('ETIMEDOUT', 'timed out');
  });
  late.catch(() => {});
  const { code, body } = await Promise.race([answer, late]);
  return { code, body, host: url.hostname, ip, port };
}

/** Names come from /etc/hosts. @throws NetworkError `ENOTFOUND` for a name that isn't there */
function resolveHost(process: ProcessContext, host: string): string {
  if (/^\d+(\.\d+){3}$/.test(host)) return host;
  const text = new TextDecoder().decode(process.fileSystem().readFile('/etc/hosts'));
  for (const line of text.split('\n')) {
    const [ip = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (names.includes(host) && !ip.includes(':')) return ip;
  }
  throw new NetworkError('ENOTFOUND', `bad address '${host}'`);
}

function wgetError(error: unknown, url: URL): string {
  if (!(error instanceof NetworkError)) return error instanceof Error ? error.message : String(error);
  if (error.code === 'ENOTFOUND') return error.message;
  if (error.code === 'ETIMEDOUT') return 'download timed out';
  return `can't connect to remote host (${url.hostname}): ${error.message}`;
}

function curlError(error: unknown, url: URL, silent: boolean): ExecResult {
  const code = error instanceof NetworkError ? error.code : '';
  if (code === 'ENOTFOUND') return failure(silent ? '' : `curl: (6) Could not resolve host: ${url.hostname}\n`, 6);
  if (code === 'ETIMEDOUT') return failure(silent ? '' : 'curl: (28) Connection timed out\n', 28);
  const port = url.port || 80;
  return failure(
    silent ? '' : `curl: (7) Failed to connect to ${url.hostname} port ${port}: Could not connect to server\n`,
    7,
  );
}

function failure(stderr: string, exitCode = 1): ExecResult {
  return { stdout: '', stderr, exitCode };
}
