/**
 * busybox httpd: serves a folder over HTTP, in the background unless -f says otherwise (busybox networking/httpd.c).
 * CGI programs and configuration files are not there.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenLazily } from '../../network/http-service.ts';
import { mediaType } from '../../network/media-types.ts';
import { NetworkError } from '../../network/network-error.ts';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseCommandLine, UsageError } from '../support/command-line.ts';

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  501: 'Not Implemented',
};
const TEXTS: Readonly<Record<number, string>> = {
  400: 'Unsupported method',
  403: '',
  404: 'The requested URL was not found',
  501: 'The requested method is not recognized',
};

export async function httpd(process: ProcessContext): Promise<number> {
  let port: number;
  let isForeground: boolean;
  let home: string;
  try {
    const line = parseCommandLine(process.argv.slice(1), { short: 'ifvp:u:r:h:c:d:e:m:' });
    port = Number(/(\d+)$/.exec(line.value('p') ?? '80')?.[1] ?? 80);
    isForeground = line.has('f');
    home = ContainerFileSystem.resolve(process.cwd, line.value('h') ?? '.');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.write('stderr', `httpd: ${error.message}\n`);
    return 1;
  }
  const serve = (own: ProcessContext): Promise<number> => run(own, port, home);
  if (isForeground) return serve(process);
  if (process.network.listening(process.ip).some((one) => one.port === port)) return taken(process);
  // A daemon holds nobody's output open.
  const nowhere = process.open('/dev/null', { read: true, write: true });
  const fds = new Map([0, 1, 2].map((fd) => [fd, nowhere] as const));
  process.spawn({ argv: process.argv, program: serve, session: 'new', cwd: '/', fds });
  nowhere.release();
  return 0;
}

function taken(process: ProcessContext): number {
  process.write('stderr', 'httpd: bind: Address in use\n');
  return 1;
}

function run(process: ProcessContext, port: number, home: string): Promise<number> {
  try {
    listenLazily(process, port, (request, response) => answer(process, home, request, response));
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return Promise.resolve(taken(process));
  }
  return new Promise((resolve) => {
    process.onSignal('TERM', () => resolve(143));
    process.onSignal('INT', () => resolve(130));
    process.killed.addEventListener('abort', () => resolve(137), { once: true });
  });
}

function answer(process: ProcessContext, home: string, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 501);
  const path = decoded((request.url ?? '/').split('?')[0] ?? '/');
  if (path === undefined) return refuse(response, 400);
  const inside = ContainerFileSystem.resolve('/', path);
  const files = process.fileSystem();
  const file = ContainerFileSystem.resolve('/', `${home}${inside}`);
  try {
    const isFolder = files.status(file).kind === 'directory';
    if (isFolder && !path.endsWith('/')) return void response.writeHead(302, { Location: `${inside}/` }).end();
    const found = isFolder ? `${file}/index.html` : file;
    const content = files.readFile(found);
    response.writeHead(200, {
      'Content-Type': mediaType(found, 'application/octet-stream'),
      'Content-Length': content.length,
    });
    response.end(request.method === 'HEAD' ? undefined : content);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    refuse(response, error.code === 'EACCES' ? 403 : 404);
  }
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, code: number): void {
  const title = `${code} ${TITLES[code]}`;
  response.writeHead(code, { 'Content-Type': 'text/html' });
  response.end(`<HTML><HEAD><TITLE>${title}</TITLE></HEAD>\n<BODY><H1>${title}</H1>\n${TEXTS[code]}\n</BODY></HTML>\n`);
}
