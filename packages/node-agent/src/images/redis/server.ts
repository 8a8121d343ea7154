/**
 * redis-server: RESP on port 6379, the log's lines, and what outlasts the process: a snapshot, and with `appendonly yes`
 * every write (upstream: redis src/server.c, rdb.c, aof.c). Both files hold commands; the snapshot's bytes are not RDB's.
 */
import { createHash } from 'node:crypto';
import type { Connection } from '../../network/connection.ts';
import { NetworkError } from '../../network/network-error.ts';
import { FileError } from '../../runtime/filesystem/file-error.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { COMMANDS } from './commands.ts';
import { asCommands, Keyspace, WrongTypeError } from './keyspace.ts';
import { type RedisConfig, readConfig } from './redis-config.ts';
import {
  CommandReader,
  encodeCommand,
  encodeReply,
  failure,
  integer,
  list,
  OK,
  type Reply,
  RespError,
  textReply,
} from './resp.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Bytes of a file that are read at a time. */
const LOAD_BYTES = 65_536;
export const REDIS_VERSION = '8.2.2';

export async function redisServer(process: ProcessContext): Promise<number> {
  const config = readConfig(process);
  const server = new RedisServer(process, config);
  await server.begin();
  return new Promise((resolve) => {
    try {
      server.listen(resolve);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      server.log(
        'M',
        '#',
        `Warning: Could not create server TCP listening socket *:${config.port}: bind: ${error.message}`,
      );
      server.log('M', '#', 'Failed listening on port, aborting.');
      resolve(1);
      return;
    }
    const end = (signal: string): void => {
      process.write(
        'stdout',
        `${process.pid}:signal-handler (${Math.floor(process.clock.now() / 1000)}) Received ${signal} scheduling shutdown...\n`,
      );
      resolve(server.shutDown());
    };
    process.onSignal('TERM', () => end('SIGTERM'));
    process.onSignal('INT', () => end('SIGINT'));
    process.killed.addEventListener('abort', () => resolve(137), { once: true });
  });
}

interface Session {
  isAuthorized: boolean;
}

class RedisServer {
  readonly #keyspace: Keyspace;
  readonly #runId: string;
  readonly #startedAt: number;
  #clients = 0;
  #commands = 0;
  #changes = 0;
  #lastSave: number;

  constructor(
    private readonly process: ProcessContext,
    private readonly config: RedisConfig,
  ) {
    const { clock, memory } = process;
    this.#keyspace = new Keyspace(() => clock.now(), memory);
    this.#startedAt = clock.now();
    this.#runId = createHash('sha1').update(`${process.ip} ${this.#startedAt}`).digest('hex');
    this.#lastSave = clock.now();
  }

  log(role: 'C' | 'M', level: '*' | '#', text: string): void {
    const iso = new Date(this.process.clock.now()).toISOString();
    const when = `${iso.slice(8, 10)} ${MONTHS[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)} ${iso.slice(11, 23)}`;
    this.process.write('stdout', `${this.process.pid}:${role} ${when} ${level} ${text}\n`);
  }

  async begin(): Promise<void> {
    this.log('C', '*', 'oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo');
    const facts = `version=${REDIS_VERSION}, bits=64, commit=00000000, modified=0, pid=${this.process.pid}`;
    this.log('C', '*', `Redis ${facts}, just started`);
    if (this.config.file === undefined) {
      this.log(
        'C',
        '#',
        'Warning: no config file specified, using the default config. In order to specify a config file use redis-server /path/to/redis.conf',
      );
    } else this.log('C', '*', 'Configuration loaded');
    this.log('M', '*', 'monotonic clock: POSIX clock_gettime');
    this.log('M', '*', `Running mode=standalone, port=${this.config.port}.`);
    this.log('M', '*', 'Server initialized');
    await this.#load();
  }

  /** @throws NetworkError */
  listen(end: (code: number) => void): void {
    const { network, ip, killed } = this.process;
    const stop = network.listen(ip, this.config.port, (connection) => void this.#serve(connection, end));
    killed.addEventListener('abort', stop, { once: true });
    this.log('M', '*', 'Ready to accept connections tcp');
  }

  async #serve(connection: Connection, end: (code: number) => void): Promise<void> {
    const reader = new CommandReader();
    const session: Session = { isAuthorized: this.config.password === '' };
    this.#clients++;
    try {
      for await (const chunk of connection.iterator({ destroyOnReturn: false })) {
        for (const words of reader.read(chunk as Uint8Array)) {
          const name = words[0]?.toLowerCase() ?? '';
          if (name === 'shutdown' && session.isAuthorized)
            return end(this.shutDown(words[1]?.toLowerCase() !== 'nosave'));
          await send(connection, encodeReply(this.#answer(name, words, session)));
          if (name === 'quit') return void connection.end();
        }
      }
    } catch (error) {
      if (error instanceof RespError) connection.end(encodeReply(failure(`ERR ${error.message}`)), 'latin1');
      else connection.destroy();
    } finally {
      this.#clients--;
    }
  }

  #answer(name: string, words: readonly string[], session: Session): Reply {
    this.#commands++;
    if (name === 'auth') return this.#authenticate(words, session);
    if (!session.isAuthorized && name !== 'quit') return failure('NOAUTH Authentication required.');
    const own = this.#serverCommand(name, words);
    if (own !== undefined) return own;
    const command = COMMANDS.get(name);
    if (command === undefined) {
      const args = words
        .slice(1)
        .map((word) => `'${word}' `)
        .join('');
      return failure(`ERR unknown command '${words[0]}', with args beginning with: ${args}`);
    }
    const { arity } = command;
    if (arity > 0 ? words.length !== arity : words.length < -arity) {
      return failure(`ERR wrong number of arguments for '${name}' command`);
    }
    return this.#run(command, words);
  }

  #run(command: NonNullable<ReturnType<typeof COMMANDS.get>>, words: readonly string[]): Reply {
    try {
      const reply = command.run(this.#keyspace, words, this.process.clock.now());
      if (command.writes && reply.kind !== 'error') {
        this.#changes++;
        if (this.config.appendOnly) this.#append(words);
      }
      return reply;
    } catch (error) {
      if (!(error instanceof WrongTypeError)) throw error;
      return failure('WRONGTYPE Operation against a key holding the wrong kind of value');
    }
  }

  #authenticate(words: readonly string[], session: Session): Reply {
    if (this.config.password === '') {
      return failure(
        'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
      );
    }
    if (words.at(-1) !== this.config.password)
      return failure('WRONGPASS invalid username-password pair or user is disabled.');
    session.isAuthorized = true;
    return OK;
  }

  /** Undefined for commands on data. */
  #serverCommand(name: string, words: readonly string[]): Reply | undefined {
    const [, first = ''] = words;
    if (name === 'ping') return words.length > 1 ? textReply(first) : { kind: 'status', value: 'PONG' };
    if (name === 'echo') return textReply(first);
    if (name === 'quit') return OK;
    if (name === 'select') return first === '0' ? OK : failure('ERR DB index is out of range');
    if (name === 'info') return textReply(this.#info());
    if (name === 'save') return this.#save() ? OK : failure('ERR');
    if (name === 'bgsave')
      return this.#save() ? { kind: 'status', value: 'Background saving started' } : failure('ERR');
    if (name === 'lastsave') return integer(Math.floor(this.#lastSave / 1000));
    if (name === 'time') return list([String(Math.floor(this.process.clock.now() / 1000)), '0']);
    if (name === 'command') return list([]);
    if (name === 'client') return OK;
    if (name === 'role') return { kind: 'list', value: [textReply('master'), integer(0), list([])] };
    if (name === 'config' && first.toLowerCase() === 'get') return list(this.#configuration(words[2] ?? ''));
    if (name === 'config') return OK;
    return undefined;
  }

  #configuration(name: string): string[] {
    const { port, directory, appendOnly, password } = this.config;
    const known = { port: String(port), dir: directory, appendonly: appendOnly ? 'yes' : 'no', requirepass: password };
    return Object.entries(known)
      .filter(([key]) => name === '*' || key === name)
      .flat();
  }

  #info(): string {
    const uptime = Math.floor((this.process.clock.now() - this.#startedAt) / 1000);
    const keys = this.#keyspace.keys();
    const ending = keys.filter((key) => this.#keyspace.end(key) !== undefined).length;
    return [
      '# Server',
      `redis_version:${REDIS_VERSION}`,
      'redis_mode:standalone',
      'os:Linux x86_64',
      `process_id:${this.process.pid}`,
      `run_id:${this.#runId}`,
      `tcp_port:${this.config.port}`,
      `uptime_in_seconds:${uptime}`,
      '',
      '# Clients',
      `connected_clients:${this.#clients}`,
      '',
      '# Memory',
      `used_memory:${this.process.memory.used}`,
      '',
      '# Persistence',
      `rdb_changes_since_last_save:${this.#changes}`,
      `aof_enabled:${this.config.appendOnly ? 1 : 0}`,
      '',
      '# Stats',
      `total_commands_processed:${this.#commands}`,
      '',
      '# Replication',
      'role:master',
      'connected_slaves:0',
      '',
      '# Keyspace',
      ...(keys.length === 0 ? [] : [`db0:keys=${keys.length},expires=${ending},avg_ttl=0`]),
      '',
    ].join('\r\n');
  }

  get #snapshotFile(): string {
    return `${this.config.directory}/dump.rdb`;
  }

  get #appendFile(): string {
    return `${this.config.directory}/appendonly.aof`;
  }

  async #load(): Promise<void> {
    const files = this.process.fileSystem();
    const path = this.config.appendOnly ? this.#appendFile : this.#snapshotFile;
    if (!files.exists(path)) return;
    const content = files.readFile(path);
    const reader = new CommandReader();
    for (let at = 0; at < content.length; at += LOAD_BYTES) {
      for (const words of reader.read(content.subarray(at, at + LOAD_BYTES))) {
        COMMANDS.get(words[0]?.toLowerCase() ?? '')?.run(this.#keyspace, words, this.process.clock.now());
        await this.process.step();
      }
    }
    this.log('M', '*', `DB loaded from ${this.config.appendOnly ? 'append only file' : 'disk'}: 0.000 seconds`);
  }

  #append(words: readonly string[]): void {
    this.process.fileSystem().appendFile(this.#appendFile, Buffer.from(encodeCommand(words), 'latin1'));
  }

  #save(): boolean {
    const text = [...asCommands(this.#keyspace)].map(encodeCommand).join('');
    try {
      this.process.fileSystem().writeFile(this.#snapshotFile, Buffer.from(text, 'latin1'));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.log('M', '#', `Failed opening the temp RDB file for saving: ${error.reason}`);
      return false;
    }
    this.#changes = 0;
    this.#lastSave = this.process.clock.now();
    this.log('M', '*', 'DB saved on disk');
    return true;
  }

  /** The exit code. */
  shutDown(saves = true): number {
    this.log('M', '*', 'User requested shutdown...');
    if (saves && this.config.savesAtEnd) {
      this.log('M', '*', 'Saving the final RDB snapshot before exiting.');
      this.#save();
    }
    this.log('M', '#', 'Redis is now ready to exit, bye bye...');
    return 0;
  }
}

async function send(connection: Connection, text: string): Promise<void> {
  if (!connection.write(text, 'latin1')) await new Promise((resolve) => connection.once('drain', resolve));
}
