/**
 * Apache's httpd: serves htdocs on port 80, writes error log and access log to standard error and output
 * (docker.io/library/httpd, registry.k8s.io/e2e-test-images/httpd).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenLazily } from '../../network/http-service.ts';
import { mediaType } from '../../network/media-types.ts';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { defineImage } from '../define-image.ts';
import { accessTime } from '../web/access-time.ts';

const HOME = '/usr/local/apache2';
const ROOT = `${HOME}/htdocs`;
const LATEST = '2.4.65';
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function versionOf(image: string): string {
  return /:(2\.\d+\.\d+)/.exec(image)?.[1] ?? LATEST;
}

export async function httpd(process: ProcessContext): Promise<number> {
  const version = versionOf(process.image);
  if (process.argv.includes('-v')) {
    process.write('stdout', `Server version: Apache/${version} (Unix)\n`);
    return 0;
  }
  const server = new Httpd(process, version);
  listenLazily(process, 80, (request, response) => server.answer(request, response));
  server.started();
  return new Promise((resolve) => {
    const end = (text: string): void => {
      server.note('mpm_event', text);
      resolve(0);
    };
    process.onSignal('TERM', () => end('AH00491: caught SIGTERM, shutting down'));
    process.onSignal('WINCH', () => end('AH00492: caught SIGWINCH, shutting down gracefully'));
    process.onSignal('USR1', () => server.note('mpm_event', 'AH00493: SIGUSR1 received.  Doing graceful restart'));
    process.killed.addEventListener('abort', () => resolve(137), { once: true });
  });
}

class Httpd {
  constructor(
    private readonly process: ProcessContext,
    private readonly version: string,
  ) {}

  started(): void {
    const { ip } = this.process;
    const warning = `AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using ${ip}. Set the 'ServerName' directive globally to suppress this message\n`;
    this.process.write('stderr', warning.repeat(2));
    this.note('mpm_event', `AH00489: Apache/${this.version} (Unix) configured -- resuming normal operations`);
    this.note('core', "AH00094: Command line: 'httpd -D FOREGROUND'");
  }

  note(module: string, text: string): void {
    const now = new Date(this.process.clock.now());
    const iso = now.toISOString();
    const day = `${DAYS[now.getUTCDay()]} ${MONTHS[now.getUTCMonth()]} ${iso.slice(8, 10)}`;
    const when = `${day} ${iso.slice(11, 23)}000 ${iso.slice(0, 4)}`;
    this.process.write(
      'stderr',
      `[${when}] [${module}:notice] [pid ${this.process.pid}:tid ${this.process.pid}] ${text}\n`,
    );
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('Server', `Apache/${this.version} (Unix)`);
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const file = ContainerFileSystem.resolve('/', `${ROOT}/${path}`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return this.#error(request, response, 405);
    try {
      const files = this.process.fileSystem();
      const isFolder = file.startsWith(ROOT) && files.status(file).kind === 'directory';
      const found = isFolder ? `${file}/index.html` : file;
      if (!found.startsWith(ROOT)) return this.#error(request, response, 400);
      response.setHeader('Content-Type', mediaType(found, 'text/plain'));
      this.#finish(request, response, 200, files.readFile(found));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#error(request, response, error.code === 'EACCES' ? 403 : 404);
    }
  }

  #error(request: IncomingMessage, response: ServerResponse, code: 400 | 403 | 404 | 405): void {
    const [title, text] = ERRORS[code];
    response.setHeader('Content-Type', 'text/html; charset=iso-8859-1');
    const page = `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>${code} ${title}</title>\n</head><body>\n<h1>${title}</h1>\n<p>${text}</p>\n</body></html>\n`;
    this.#finish(request, response, code, Buffer.from(page));
  }

  #finish(request: IncomingMessage, response: ServerResponse, code: number, body: Uint8Array): void {
    response.statusCode = code;
    response.setHeader('Content-Length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
    const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
    const from = request.socket.remoteAddress ?? '-';
    this.process.write(
      'stdout',
      `${from} - - [${accessTime(this.process.clock.now())}] "${line}" ${code} ${body.length}\n`,
    );
  }
}

const ERRORS = {
  400: ['Bad Request', 'Your browser sent a request that this server could not understand.<br />'],
  403: ['Forbidden', "You don't have permission to access this resource."],
  404: ['Not Found', 'The requested URL was not found on this server.'],
  405: ['Method Not Allowed', 'The requested method is not allowed for this URL.'],
} as const;

export const HTTPD_IMAGE = defineImage({
  repositories: ['library/httpd', 'e2e-test-images/httpd'],
  tags: /^(latest|trixie|bookworm|alpine(3\.\d+)?|2(\.4(\.\d{1,2})?)?(-\d{1,2})?(-(trixie|bookworm|bullseye|alpine)(3\.\d+)?)?)$/,
  size: (tag) => (tag.includes('alpine') ? 20_961_002 : 45_193_021),
  command: ['httpd-foreground'],
  env: {
    HTTPD_PREFIX: HOME,
    HTTPD_VERSION: LATEST,
    PATH: `${HOME}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  },
  workingDir: HOME,
  stopSignal: 'WINCH',
  programs: { '/usr/local/bin/httpd-foreground': httpd, [`${HOME}/bin/httpd`]: httpd },
  files: { [`${ROOT}/index.html`]: '<html><body><h1>It works!</h1></body></html>\n' },
  directories: [`${HOME}/logs`, `${HOME}/conf`],
  shells: ['/bin/sh', '/bin/bash'],
});
