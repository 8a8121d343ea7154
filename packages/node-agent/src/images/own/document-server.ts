/**
 * The program `/server` of an image.yaml: prints lines, answers HTTP routes, ends when it is told to.
 *
 * In bodies, headers and lines `$(NAME)` stands for a variable of the container's environment, and for HOSTNAME and
 * POD_IP also without one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenLazily } from '../../network/http-service.ts';
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import type { RouteDocument, ServerDocument } from './image-document.ts';

export function documentServer(document: ServerDocument): Program {
  return (process) => new DocumentServer(process, document).run();
}

class DocumentServer {
  constructor(
    private readonly process: ProcessContext,
    private readonly document: ServerDocument,
  ) {}

  async run(): Promise<number> {
    const { process, document } = this;
    const ended = this.#untilSignal();
    process.memory.charge(document.memory, 'emulated');
    const begun = process.sleep(document.startupDelay).then(() => this.#begin());
    const timed = document.exit;
    const ends = [ended, ...(timed ? [begun.then(() => process.sleep(timed.after)).then(() => timed.code)] : [])];
    return Promise.race([...ends, begun.then(() => new Promise<never>(() => {}))]);
  }

  #begin(): void {
    const { process, document } = this;
    for (const line of document.startupLines) process.write('stdout', `${this.#filled(line)}\n`);
    if (document.port !== undefined) {
      listenLazily(process, document.port, (request, response) => void this.#answer(request, response));
    }
    if (document.log !== undefined) void this.#talk(document.log).catch(() => {});
  }

  async #talk({ every, lines }: NonNullable<ServerDocument['log']>): Promise<void> {
    for (let i = 0; ; i++) {
      await this.process.sleep(every);
      writeLine(this.process, this.#filled(lines[i % lines.length] ?? ''));
    }
  }

  #untilSignal(): Promise<number> {
    const { process, document } = this;
    return new Promise((resolve) => {
      const end = (): void => void process.sleep(document.shutdown.delay).then(() => resolve(document.shutdown.code));
      process.onSignal('TERM', end);
      process.onSignal('INT', end);
      process.onSignal('QUIT', end);
      process.killed.addEventListener('abort', () => resolve(137), { once: true });
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const route = chooseRoute(this.document.routes, path, request.method ?? 'GET');
    const status = route?.status ?? 404;
    const body = this.#filled(route?.body ?? 'not found\n');
    try {
      await this.process.sleep(route?.delay ?? 0);
    } catch {
      return void response.destroy();
    }
    response.statusCode = status;
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    for (const [name, value] of Object.entries(route?.headers ?? {})) response.setHeader(name, this.#filled(value));
    response.end(request.method === 'HEAD' ? undefined : body);
    writeLine(this.process, `${request.socket.remoteAddress} "${request.method} ${request.url}" ${status}`);
  }

  #filled(text: string): string {
    const { env, hostname, ip } = this.process;
    const own = new Map([...env, ['HOSTNAME', hostname], ['POD_IP', ip]]);
    return text.replace(/\$\(([A-Za-z_][\w.-]*)\)/g, (whole, name: string) => own.get(name) ?? whole);
  }
}

function writeLine(process: ProcessContext, line: string): void {
  process.write('stdout', `${line}\n`);
}

/** The route of exactly the path, else the longest that ends in `/*` and begins it. */
function chooseRoute(routes: readonly RouteDocument[], path: string, method: string): RouteDocument | undefined {
  const fits = routes.filter((route) => route.method === undefined || route.method === method);
  const exact = fits.find((route) => route.path === path);
  if (exact) return exact;
  const begun = fits.filter((route) => route.path.endsWith('/*') && path.startsWith(route.path.slice(0, -1)));
  return begun.sort((a, b) => b.path.length - a.path.length)[0];
}
