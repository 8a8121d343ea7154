/**
 * The emulated nginx server: listens where its configuration says, serves by it, writes nginx's access and error log.
 * QUIT and TERM end it with 0, as the real one's master process does; HUP reads the configuration again.
 *
 * Invariant: a container whose configuration nobody can have changed reads none, and so needs no file system before its
 * first request.
 */
import { listenLazily } from '../../network/http-service.ts';
import { NetworkError } from '../../network/network-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { loadConfig, type NginxConfig, portsOf, proxiesOf } from './config.ts';
import { NginxConfigError } from './config-parser.ts';
import { hostOf } from './proxy.ts';
import { serveRequest } from './serve-request.ts';
import { startWorkers, WORKERS, workerPid } from './workers.ts';

export const CONFIG_FILE = '/etc/nginx/nginx.conf';
const CONFIG_FOLDER = '/etc/nginx';

export async function runNginx(process: ProcessContext, version: string): Promise<number> {
  process.setTitle(`nginx: master process ${process.argv.join(' ')}`);
  const server = new NginxServer(process, version);
  try {
    await server.start();
  } catch (error) {
    if (!(error instanceof NginxConfigError)) throw error;
    server.notice('emerg', error.message);
    process.write('stderr', `nginx: [emerg] ${error.message}\n`);
    return 1;
  }
  startWorkers(process, (level, text) => server.notice(level, text));
  return new Promise((resolve) => {
    const end = (signal: string, number: number, code: number): void => {
      server.received(number, signal, signal === 'SIGQUIT' ? 'shutting down' : 'exiting');
      server.stop();
      resolve(code);
    };
    process.onSignal('QUIT', () => end('SIGQUIT', 3, 0));
    process.onSignal('TERM', () => end('SIGTERM', 15, 0));
    process.onSignal('INT', () => end('SIGINT', 2, 0));
    process.onSignal('HUP', () => void server.reload());
    process.onSignal('USR1', () => server.received(10, 'SIGUSR1', 'reopening logs'));
  });
}

/** The configuration as the files have it now. @throws NginxConfigError */
export async function checkedConfig(process: ProcessContext): Promise<NginxConfig> {
  const config = loadConfig(process.fileSystem(), CONFIG_FILE);
  for (const { target, place } of proxiesOf(config)) {
    const host = hostOf(target, config);
    if (host === undefined) continue;
    await process.resolver.lookup(host, process.killed).catch((error: unknown) => {
      if (!(error instanceof NetworkError)) throw error;
      throw new NginxConfigError(`host not found in upstream "${host}" in ${place}`);
    });
  }
  return config;
}

class NginxServer {
  readonly #stops = new Map<number, () => void>();
  #config: NginxConfig | undefined;

  constructor(
    private readonly process: ProcessContext,
    private readonly version: string,
  ) {}

  /** @throws NginxConfigError */
  async start(): Promise<void> {
    const mayDiffer = this.process.mayDiffer(CONFIG_FOLDER);
    this.#config = mayDiffer ? await checkedConfig(this.process) : undefined;
    this.#listen(this.#config === undefined ? [80] : portsOf(this.#config));
    this.notice('notice', 'using the "epoll" event method');
    this.notice('notice', `nginx/${this.version}`);
    this.notice('notice', 'OS: Linux');
    this.notice('notice', 'start worker processes');
    for (let i = 0; i < WORKERS; i++) this.notice('notice', `start worker process ${workerPid(this.process, i)}`);
  }

  /** With a configuration that is wrong it goes on with the one that it has. */
  async reload(): Promise<void> {
    this.received(1, 'SIGHUP', 'reconfiguring');
    this.notice('notice', 'reconfiguring');
    try {
      const config = await checkedConfig(this.process);
      this.#listen(portsOf(config));
      this.#config = config;
    } catch (error) {
      if (!(error instanceof NginxConfigError)) throw error;
      this.notice('emerg', error.message);
    }
  }

  /** @throws NginxConfigError when a port is taken */
  #listen(ports: readonly number[]): void {
    for (const port of ports) {
      if (this.#stops.has(port)) continue;
      try {
        this.#stops.set(
          port,
          listenLazily(this.process, port, (request, response) => this.#answer(port, request, response)),
        );
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        throw new NginxConfigError(`bind() to 0.0.0.0:${port} failed (98: Address already in use)`);
      }
    }
    for (const [port, stop] of this.#stops) {
      if (ports.includes(port)) continue;
      stop();
      this.#stops.delete(port);
    }
  }

  #answer(port: number, ...[request, response]: Parameters<Parameters<typeof listenLazily>[2]>): void {
    const { process, version } = this;
    // The first request needs the container's files anyway.
    this.#config ??= loadConfig(process.fileSystem(), CONFIG_FILE);
    const context = {
      process,
      version,
      config: this.#config,
      port,
      notice: (level: string, text: string) => this.notice(level, text),
    };
    serveRequest(context, request, response).catch(() => response.destroy());
  }

  received(number: number, signal: string, what: string): void {
    this.notice('notice', `signal ${number} (${signal}) received from 1, ${what}`);
  }

  notice(level: string, text: string): void {
    const time = new Date(this.process.clock.now()).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
    this.process.write('stderr', `${time} [${level}] ${this.process.pid}#${this.process.pid}: ${text}\n`);
  }

  stop(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
  }
}
