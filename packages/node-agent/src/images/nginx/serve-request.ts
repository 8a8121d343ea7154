/**
 * What the emulated nginx does with one request: by its server block and location, files, fixed answers, or a proxy.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { mediaType } from '../../network/media-types.ts';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { accessTime } from '../web/access-time.ts';
import {
  chooseLocation,
  chooseServer,
  type Location,
  type NginxConfig,
  type NginxServerBlock,
  type Scope,
} from './config.ts';
import { errorPage } from './pages.ts';
import { proxy } from './proxy.ts';
import { expandVariables, type RequestFacts } from './variables.ts';

/** An internal redirect that goes on for longer is a configuration in a circle. */
const MOST_REDIRECTS = 10;
const NOT_ALLOWED = 'Not Allowed';

export interface RequestContext {
  readonly process: ProcessContext;
  readonly version: string;
  readonly config: NginxConfig;
  readonly port: number;
  notice(level: string, text: string): void;
}

export async function serveRequest(
  context: RequestContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Server', `nginx/${context.version}`);
  const server = chooseServer(context.config, context.port, request.headers.host ?? '');
  if (server === undefined) return void response.destroy();
  await new Exchange(context, server, request, response).run();
}

class Exchange {
  #path = '/';
  #redirects = 0;
  /** The status that an error page is shown with. */
  #status: number | undefined;

  constructor(
    private readonly context: RequestContext,
    private readonly server: NginxServerBlock,
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {}

  async run(): Promise<void> {
    const path = decodedPath(this.request.url ?? '/');
    if (path === undefined) return this.#error(400, this.server.scope);
    await this.#go(path);
  }

  async #go(path: string): Promise<void> {
    this.#redirects++;
    if (this.#redirects > MOST_REDIRECTS)
      return this.#finish(500, errorBody(500, this.context.version), this.server.scope, 'text/html');
    this.#path = path;
    const location = chooseLocation(this.server.locations, path);
    const scope = location?.scope ?? this.server.scope;
    if (this.server.scope.answer !== undefined && location === undefined)
      return this.#fixed(this.server.scope, this.server.scope.answer);
    if (scope.answer !== undefined) return this.#fixed(scope, scope.answer);
    if (scope.isStatus) return this.#finish(200, Buffer.from(STATUS_PAGE), scope, 'text/plain');
    if (scope.proxyPass !== undefined) return this.#proxy(scope, location?.path ?? '/');
    if (scope.tryFiles.length > 0) return this.#try(scope, location);
    await this.#serveFile(scope, location, path);
  }

  get #facts(): RequestFacts {
    const { process, version, port } = this.context;
    const serverName = this.server.names[0] ?? '';
    return { process, request: this.request, path: this.#path, port, serverName, version };
  }

  async #fixed(scope: Scope, { code, text }: NonNullable<Scope['answer']>): Promise<void> {
    const expanded = expandVariables(text, this.#facts);
    if (code === 444) return void this.response.destroy();
    if (code >= 300 && code < 400 && text !== '') {
      this.response.setHeader('Location', expanded);
      return this.#finish(code, errorBody(code, this.context.version), scope, 'text/html');
    }
    if (text === '' && code >= 400) return this.#error(code, scope);
    return this.#finish(code, Buffer.from(expanded), scope, scope.defaultType);
  }

  async #proxy(scope: Scope, prefix: string): Promise<void> {
    const result = await proxy(this.#facts, this.response, scope, prefix, this.context.config);
    if (typeof result === 'number') return this.#log(this.response.statusCode, result, scope);
    const { method, url, httpVersion, headers, socket } = this.request;
    const server = this.server.names[0] ?? '';
    this.context.notice(
      'error',
      `${result.problem}, client: ${socket.remoteAddress}, server: ${server}, request: "${method} ${url} HTTP/${httpVersion}", upstream: "${result.upstream}", host: "${headers.host}"`,
    );
    return this.#error(result.code, scope);
  }

  async #try(scope: Scope, location: Location | undefined): Promise<void> {
    const files = this.context.process.fileSystem();
    const choices = scope.tryFiles.map((choice) => expandVariables(choice, this.#facts));
    for (const choice of choices.slice(0, -1)) {
      const file = fileOf(scope, location, choice);
      if (!files.exists(file)) continue;
      const isFolder = files.status(file).kind === 'directory';
      if (isFolder !== choice.endsWith('/')) continue;
      return this.#serveFile(scope, location, choice);
    }
    const last = choices.at(-1) ?? '';
    if (last.startsWith('=')) return this.#error(Number(last.slice(1)), scope);
    await this.#go(last.split('?')[0] ?? '/');
  }

  async #serveFile(scope: Scope, location: Location | undefined, path: string): Promise<void> {
    if (this.request.method !== 'GET' && this.request.method !== 'HEAD') return this.#error(405, scope);
    const file = fileOf(scope, location, path);
    const files = this.context.process.fileSystem();
    try {
      const isFolder = files.status(file).kind === 'directory';
      if (isFolder && !path.endsWith('/')) {
        this.response.setHeader('Location', `${path}/`);
        return this.#finish(301, errorBody(301, this.context.version), scope, 'text/html');
      }
      if (!isFolder) {
        this.response.setHeader('Accept-Ranges', 'bytes');
        return this.#finish(200, files.readFile(file), scope, mediaType(file, 'application/octet-stream'));
      }
      const index = scope.index.find((name) => files.exists(`${file}/${name}`));
      if (index !== undefined) return await this.#go(`${path}${index}`);
      if (scope.autoindex) return this.#finish(200, Buffer.from(listing(path, files.list(file))), scope, 'text/html');
      this.context.notice('error', `directory index of "${file}/" is forbidden${this.#who()}`);
      return this.#error(403, scope);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const isDenied = error.code === 'EACCES';
      this.context.notice('error', `open() "${file}" failed (${isDenied ? 13 : 2}: ${error.reason})${this.#who()}`);
      return this.#error(isDenied ? 403 : 404, scope);
    }
  }

  #who(): string {
    const { method, url, httpVersion, headers, socket } = this.request;
    const server = this.server.names[0] ?? '';
    return `, client: ${socket.remoteAddress}, server: ${server}, request: "${method} ${url} HTTP/${httpVersion}", host: "${headers.host ?? ''}"`;
  }

  async #error(code: number, scope: Scope): Promise<void> {
    const page = scope.errorPages.get(code);
    if (page === undefined || this.#status !== undefined) {
      return this.#finish(code, errorBody(code, this.context.version), scope, 'text/html');
    }
    this.#status = code;
    if (/^https?:/.test(page)) {
      this.response.setHeader('Location', page);
      return this.#finish(302, errorBody(302, this.context.version), scope, 'text/html');
    }
    await this.#go(page);
  }

  #finish(code: number, body: Uint8Array, scope: Scope, type: string): void {
    const { request, response } = this;
    const status = this.#status ?? code;
    response.statusCode = status;
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', body.length);
    if (status < 400) {
      for (const [name, value] of scope.headers) response.setHeader(name, expandVariables(value, this.#facts));
    }
    response.end(request.method === 'HEAD' ? undefined : body);
    this.#log(status, body.length, scope);
  }

  /** nginx's `main` format. */
  #log(code: number, bytes: number, { logs }: Scope): void {
    if (!logs) return;
    const { headers, method, url, httpVersion, socket } = this.request;
    const { process } = this.context;
    process.write(
      'stdout',
      `${socket.remoteAddress ?? '-'} - - [${accessTime(process.clock.now())}] "${method} ${url} HTTP/${httpVersion}" ${code} ${bytes} "${headers.referer ?? '-'}" "${headers['user-agent'] ?? '-'}" "${headers['x-forwarded-for'] ?? '-'}"\n`,
    );
  }
}

const STATUS_PAGE =
  'Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n';

function errorBody(code: number, version: string): Uint8Array {
  return Buffer.from(errorPage(code, code === 405 ? NOT_ALLOWED : (STATUS_CODES[code] ?? 'Unknown'), version));
}

/** `root` is put before the whole path, `alias` in the place of the location's. */
function fileOf({ root, alias }: Scope, location: Location | undefined, path: string): string {
  const inside = ContainerFileSystem.resolve('/', path);
  if (alias === undefined || location === undefined) return ContainerFileSystem.resolve('/', `${root}${inside}`);
  return ContainerFileSystem.resolve('/', `${alias}/${inside.slice(location.path.length)}`);
}

function listing(path: string, names: readonly string[]): string {
  const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const links = names.map((name) => `<a href="${encodeURIComponent(name)}">${escaped(name)}</a>\r\n`).join('');
  return `<html>\r\n<head><title>Index of ${escaped(path)}</title></head>\r\n<body>\r\n<h1>Index of ${escaped(path)}</h1><hr><pre><a href="../">../</a>\r\n${links}</pre><hr></body>\r\n</html>\r\n`;
}

/** The path of a request target, decoded; undefined when it is malformed. */
function decodedPath(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split('?')[0] ?? '/');
  } catch {
    return undefined;
  }
}
