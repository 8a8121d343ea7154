/**
 * The emulated nginx server: serves /usr/share/nginx/html on port 80 of the Pod, writes nginx's access and error log.
 * QUIT and TERM end it with 0, as the real one's master process does.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenLazily } from '../../network/http-service.ts';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { errorPage } from './pages.ts';
import { startWorkers, WORKERS, workerPid } from './workers.ts';

const ROOT = '/usr/share/nginx/html';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  js: 'application/javascript',
  json: 'application/json',
  txt: 'text/plain',
  xml: 'text/xml',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  gif: 'image/gif',
  ico: 'image/x-icon',
};

export async function runNginx(process: ProcessContext, version: string): Promise<number> {
  process.setTitle(`nginx: master process ${process.argv.join(' ')}`);
  const server = new NginxServer(process, version);
  let stop: () => void;
  try {
    stop = listenLazily(process, 80, (request, response) => server.answer(request, response));
  } catch {
    server.notice('emerg', 'bind() to 0.0.0.0:80 failed (98: Address already in use)');
    return 1;
  }
  server.started();
  startWorkers(process, (level, text) => server.notice(level, text));
  return new Promise((resolve) => {
    const end = (signal: string, number: number, code: number): void => {
      server.notice(
        'notice',
        `signal ${number} (${signal}) received from 1, ${signal === 'SIGQUIT' ? 'shutting down' : 'exiting'}`,
      );
      stop();
      resolve(code);
    };
    process.onSignal('QUIT', () => end('SIGQUIT', 3, 0));
    process.onSignal('TERM', () => end('SIGTERM', 15, 0));
    process.onSignal('INT', () => end('SIGINT', 2, 0));
    process.onSignal('HUP', () => server.notice('notice', 'signal 1 (SIGHUP) received from 1, reconfiguring'));
    process.onSignal('USR1', () => server.notice('notice', 'signal 10 (SIGUSR1) received from 1, reopening logs'));
    process.killed.addEventListener('abort', stop, { once: true });
  });
}

class NginxServer {
  constructor(
    private readonly process: ProcessContext,
    private readonly version: string,
  ) {}

  started(): void {
    this.notice('notice', 'using the "epoll" event method');
    this.notice('notice', `nginx/${this.version}`);
    this.notice('notice', 'OS: Linux');
    this.notice('notice', 'start worker processes');
    for (let i = 0; i < WORKERS; i++) this.notice('notice', `start worker process ${workerPid(this.process, i)}`);
  }

  notice(level: string, text: string): void {
    const time = new Date(this.process.clock.now()).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
    this.process.write('stderr', `${time} [${level}] ${this.process.pid}#${this.process.pid}: ${text}\n`);
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Server', `nginx/${this.version}`);
    const path = pathOf(request.url ?? '/');
    if (path === undefined) return this.#error(request, response, 400, 'Bad Request');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return this.#error(request, response, 405, 'Not Allowed');
    }
    this.#serve(request, response, path);
  }

  #serve(request: IncomingMessage, response: ServerResponse, path: string): void {
    const files = this.process.fileSystem();
    const file = ContainerFileSystem.resolve('/', `${ROOT}/${path}${path.endsWith('/') ? 'index.html' : ''}`);
    if (!file.startsWith(ROOT)) return this.#error(request, response, 400, 'Bad Request');
    try {
      if (files.node(file).kind === 'directory') {
        response.setHeader('Location', `${path}/`);
        return this.#error(request, response, 301, 'Moved Permanently');
      }
      const content = files.readFile(file);
      response.setHeader('Content-Type', TYPES[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream');
      response.setHeader('Accept-Ranges', 'bytes');
      this.#finish(request, response, 200, content);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (path.endsWith('/')) return this.#error(request, response, 403, 'Forbidden');
      this.notice('error', `open() "${file}" failed (2: No such file or directory)`);
      this.#error(request, response, 404, 'Not Found');
    }
  }

  #error(request: IncomingMessage, response: ServerResponse, code: number, text: string): void {
    response.setHeader('Content-Type', 'text/html');
    this.#finish(request, response, code, Buffer.from(errorPage(code, text, this.version)));
  }

  #finish(request: IncomingMessage, response: ServerResponse, code: number, body: Uint8Array): void {
    response.statusCode = code;
    response.setHeader('Content-Length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
    this.#log(request, code, body.length);
  }

  /** nginx's `main` format. */
  #log(request: IncomingMessage, code: number, bytes: number): void {
    const { headers } = request;
    const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
    this.process.write(
      'stdout',
      `${remoteAddress(request)} - - [${logTime(this.process.clock.now())}] "${line}" ${code} ${bytes} "${headers.referer ?? '-'}" "${headers['user-agent'] ?? '-'}" "${headers['x-forwarded-for'] ?? '-'}"\n`,
    );
  }
}

function remoteAddress(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '-';
}

/** The path of a request target, decoded; undefined when it is malformed. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split('?')[0] ?? '/');
  } catch {
    return undefined;
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 02/Jan/2026:15:04:05 +0000 */
function logTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
