/**
 * agnhost guestbook: a front end, a primary and its replicas (upstream: test/images/agnhost/guestbook/guestbook.go).
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { type Call, httpError, logLine, runUntilKilled, serveRoutes, text } from './go-server.ts';
import { goError, httpGet } from './http-get.ts';

/** Cluster milliseconds to register within, and between tries. */
const REGISTER_MS = 15_000;
const RETRY_MS = 1_000;

export function guestbook(process: ProcessContext): Promise<number> {
  const flags = parseFlags(process.argv.slice(2));
  const book = new Guestbook(process, flags.text('backend-port', '6379'));
  serveRoutes(process, flags.number('http-port', 80), {
    '/register': (call) => book.register(call),
    '/get': (call) => book.get(call),
    '/set': (call) => book.set(call),
    '/guestbook': (call) => book.forward(call),
  });
  const primary = flags.text('replicaof', '');
  if (primary === '') return runUntilKilled(process);
  return Promise.race([book.join(primary), runUntilKilled(process)]);
}

class Guestbook {
  #store = new Map<string, unknown>();
  readonly #replicas: string[] = [];

  constructor(
    private readonly process: ProcessContext,
    private readonly backendPort: string,
  ) {}

  register({ query, response }: Call): void {
    const host = query.get('host') ?? '';
    logLine(this.process, `GET /register?host=${host}`);
    text(response, JSON.stringify({ data: Object.fromEntries(this.#store) }));
    this.#replicas.push(host);
    logLine(this.process, `Node '${host}' registered.`);
  }

  get({ query, response }: Call): void {
    const key = query.get('key') ?? '';
    logLine(this.process, `GET /get?key=${key}`);
    const data = key === '' ? Object.fromEntries(this.#store) : (this.#store.get(key) ?? '');
    text(response, JSON.stringify({ data }));
  }

  async set({ query, response }: Call): Promise<void> {
    const [key, value] = [query.get('key') ?? '', query.get('value') ?? ''];
    logLine(this.process, `GET /set?key=${key}&value=${value}`);
    if (key === '') return httpError(response, 'cannot set with empty key.', 400);
    this.#store.set(key, value);
    for (const replica of this.#replicas) {
      const address = `${replica}:${this.backendPort}`;
      try {
        await httpGet(this.process, `http://${address}/set?key=${key}&value=${value}`);
      } catch (error) {
        const why = goError(error, 'tcp', address);
        return httpError(response, `encountered error while propagating to replica '${replica}': ${why}`, 417);
      }
    }
    text(response, JSON.stringify({ message: 'Updated' }));
  }

  /** The front end's way: writes go to the primary, reads to a replica. */
  async forward({ query, response }: Call): Promise<void> {
    const command = (query.get('cmd') ?? '').toLowerCase();
    const [key, value] = [query.get('key') ?? '', query.get('value') ?? ''];
    logLine(this.process, `GET /guestbook?cmd=${command}&key=${key}&value=${value}`);
    if (command !== 'get' && command !== 'set') return httpError(response, `unsupported cmd: '${command}'`, 400);
    if (command === 'set' && key === '') return httpError(response, 'cannot set with empty key.', 400);
    const address = `${command === 'get' ? 'agnhost-replica' : 'agnhost-primary'}:${this.backendPort}`;
    try {
      text(response, await httpGet(this.process, `http://${address}/${command}?key=${key}&value=${value}`));
    } catch (error) {
      httpError(response, `encountered error: ${goError(error, 'tcp', address)}`, 417);
    }
  }

  /** Registers as a replica; ends the process when that takes too long. */
  async join(primary: string): Promise<number> {
    const { process } = this;
    const address = `${primary}:${this.backendPort}`;
    const startedAt = process.clock.now();
    while (process.clock.elapsed(startedAt) < REGISTER_MS) {
      const request = `register?host=${process.ip}`;
      logLine(process, `Registering to primary: ${address}/${request}`);
      try {
        const { data } = JSON.parse(await httpGet(process, `http://${address}/${request}`)) as { data: object };
        this.#store = new Map(Object.entries(data));
        logLine(process, `Registered to node: ${primary}`);
        return await new Promise<never>(() => {});
      } catch (error) {
        const why = goError(error, 'tcp', address);
        logLine(process, `encountered error while registering to primary: ${why}. Retrying in 1s.`);
        await process.sleep(RETRY_MS);
      }
    }
    logLine(process, 'Timed out while registering to primary.');
    return 1;
  }
}
