/**
 * One child process: started, watched, killed or stopped, and never confused about which of these it was.
 *
 * Invariants: whatever ends by a signal was meant to end (a person killed it) and stays down until asked for;
 * what ends with an error after it had worked is started again, at most MAX_RESTARTS times in a row with a growing
 * delay; its output goes to its log file. What is frozen goes on by itself when its time is over, and when the
 * supervisor is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import { Backoff, type Clock, type Timer } from '@regatta/runtime';
import type { ProcessState, ProcessStatus, Role } from './control-protocol.ts';
import { type ForeignProgram, followForeign } from './foreign-program.ts';
import { Freezing } from './freezing.ts';
import { processFacts } from './process-facts.ts';

const MAX_RESTARTS = 5;
const RESTART_BACKOFF = { base: 200, max: 5_000 };
/** Real milliseconds that a process gets to stop before it is killed. */
const STOP_GRACE_MS = 5_000;
const LARGEST_LOG = 16 * 1024 * 1024;

export interface ProcessSpec {
  readonly name: string;
  readonly role: Role;
  /** Arguments of node itself, then the program, then its own arguments. */
  readonly argv: readonly string[];
  /** A program that is not ours; `argv` holds all its arguments. It can't say by IPC that it works, nor watch for our end. */
  readonly foreign?: ForeignProgram;
  readonly logFile: string;
  /** Holds its id while it runs. */
  readonly pidFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class ManagedProcess {
  #child: ChildProcess | undefined;
  #state: ProcessState = 'stopped';
  #since: number;
  #restarts = 0;
  #detail: string | undefined;
  #restartTimer: Timer | undefined;
  #freezing: Freezing | undefined;
  readonly #backoff = new Backoff(RESTART_BACKOFF);
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    readonly spec: ProcessSpec,
    readonly clock: Clock,
    readonly onChange: (process: ManagedProcess) => void,
  ) {
    this.#since = clock.now();
  }

  get state(): ProcessState {
    return this.status().state;
  }

  /** Why it does not work yet, as far as its log says. */
  get hindrance(): string | undefined {
    return this.#detail ?? lastLogged(this.spec.logFile, ['error', 'warn']);
  }

  status(): ProcessStatus {
    const { name, role } = this.spec;
    const pid = this.#child?.pid;
    const { memory, stopped } = processFacts(pid);
    // Others can stop it too: its own freezer, asked over the bus, or whoever sends it a SIGSTOP.
    const frozen = this.#freezing !== undefined || (stopped && this.#state === 'running');
    const until = this.#freezing?.until;
    return {
      name,
      role,
      state: frozen ? 'frozen' : this.#state,
      since: this.#since,
      restarts: this.#restarts,
      ...(until === undefined ? {} : { until }),
      ...(pid === undefined ? {} : { pid }),
      ...(memory === undefined ? {} : { memory }),
      ...(this.#detail === undefined ? {} : { detail: this.#detail }),
    };
  }

  /** Starts it unless it runs. Resolves when it says that it works. @throws Error with the reason when it ends before */
  start(): Promise<void> {
    if (this.#state === 'running') return Promise.resolve();
    const ready = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (this.#state !== 'starting') {
      this.#restarts = 0;
      this.#spawn();
    }
    return ready;
  }

  /** SIGSTOP, until `forMs` real milliseconds are over, or `thaw`. Again: the new time counts. @throws Error when it does not run */
  async freeze(freezer: string, forMs: number): Promise<number> {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.spec.name} is not running`);
    if (this.#freezing) {
      this.#freezing.extend(forMs);
      return this.#freezing.until;
    }
    const freezing = await Freezing.begin(freezer, pid, forMs, this.clock);
    this.#freezing = freezing;
    this.#since = this.clock.now();
    this.onChange(this);
    void freezing.over.then(() => {
      if (this.#freezing === freezing) this.#goesOn();
    });
    return freezing.until;
  }

  /** SIGCONT. Resolves when it goes on. */
  async thaw(): Promise<void> {
    const freezing = this.#freezing;
    if (freezing) {
      freezing.end();
      await freezing.over;
    }
    // What somebody else has stopped goes on too.
    this.#child?.kill('SIGCONT');
  }

  #goesOn(): void {
    this.#freezing = undefined;
    this.#since = this.clock.now();
    this.onChange(this);
  }

  /** SIGKILL: the machine or the process is gone at once. Resolves when it is. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL', 'killed');
  }

  /** SIGTERM, and SIGKILL when that takes too long. */
  async stop(): Promise<void> {
    const timer = this.clock.setTimer(STOP_GRACE_MS, () => this.#child?.kill('SIGKILL'));
    await this.#end('SIGTERM', 'stopped');
    timer.cancel();
  }

  /** SIGHUP: a broker reads its configuration again. What does not run reads it when it starts. */
  readConfigurationAgain(): void {
    if (this.#state === 'running') this.#child?.kill('SIGHUP');
  }

  /** SIGKILL without waiting, for the last moment of the supervisor. */
  killNow(): void {
    this.#restartTimer?.cancel();
    this.#child?.kill('SIGKILL');
  }

  async #end(signal: NodeJS.Signals, state: ProcessState): Promise<void> {
    this.#restartTimer?.cancel();
    const child = this.#child;
    this.#freezing?.end();
    this.#freezing = undefined;
    this.#set(state);
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    // A frozen process takes no SIGTERM before it goes on.
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    await gone;
  }

  #spawn(): void {
    this.#set('starting');
    rotate(this.spec.logFile);
    const log = fs.openSync(this.spec.logFile, 'a', 0o600);
    const { foreign } = this.spec;
    const child = spawn(foreign?.file ?? process.execPath, this.spec.argv, {
      stdio: ['ignore', log, log, ...(foreign ? [] : ['ipc' as const])],
      env: { ...process.env, ...this.spec.env },
      // Ctrl-C reaches the whole group of the terminal: the supervisor alone decides who stops when.
      detached: true,
    });
    fs.closeSync(log);
    this.#child = child;
    if (child.pid !== undefined) fs.writeFileSync(this.spec.pidFile, String(child.pid), { mode: 0o600 });
    child.on('message', (message) => this.#onMessage(child, message));
    child.on('error', (error) => this.#onExit(child, null, null, error.message));
    child.on('exit', (code, signal) => this.#onExit(child, code, signal));
    if (foreign) followForeign(child, foreign, this.clock, () => this.#onMessage(child, { state: 'ready' }));
  }

  #onMessage(child: ChildProcess, message: unknown): void {
    if (child !== this.#child || typeof message !== 'object' || message === null || !('state' in message)) return;
    if (message.state === 'failed' && 'detail' in message) this.#detail = String(message.detail);
    if (message.state !== 'ready') return;
    this.#backoff.reset('');
    this.#set('running');
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #onExit(child: ChildProcess, code: number | null, signal: string | null, failure?: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    fs.rmSync(this.spec.pidFile, { force: true });
    this.#freezing?.end();
    this.#freezing = undefined;
    const wasRunning = this.#state === 'running';
    if (this.#state === 'stopped' || this.#state === 'killed')
      return this.#settle(`${this.spec.name} was ${this.#state}`);
    if (signal !== null) {
      this.#set('killed', `ended by ${signal}`);
      return this.#settle(`${this.spec.name} was ended by ${signal}`);
    }
    const why = this.#detail ?? failure ?? lastLogged(this.spec.logFile, ['error']) ?? `exit code ${code}`;
    if ((wasRunning || this.#restarts > 0) && this.#restarts < MAX_RESTARTS) return this.#restartLater(why);
    this.#set('failed', why);
    this.#settle(`${this.spec.name} ended: ${why}. Its log is ${this.spec.logFile}.`);
  }

  #restartLater(why: string): void {
    this.#restarts++;
    this.#set('failed', `${why}; starting again`);
    this.#restartTimer = this.clock.setTimer(this.#backoff.next(''), () => this.#spawn());
  }

  #settle(message: string): void {
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(message));
  }

  #set(state: ProcessState, detail?: string): void {
    this.#state = state;
    this.#since = this.clock.now();
    this.#detail = detail;
    this.onChange(this);
  }
}

function rotate(file: string): void {
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LARGEST_LOG) fs.renameSync(file, `${file}.1`);
}

/** The last line of one of these levels that a process logged, from its log's tail. */
function lastLogged(file: string, levels: readonly string[]): string | undefined {
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size;
  if (!size) return undefined;
  const length = Math.min(size, 8_192);
  const buffer = Buffer.alloc(length);
  const handle = fs.openSync(file, 'r');
  fs.readSync(handle, buffer, 0, length, size - length);
  fs.closeSync(handle);
  const lines = buffer.toString().trim().split('\n').reverse();
  const logged = lines.map((line) => messageOf(line, levels)).find((message) => message !== undefined);
  return logged ?? lines.find((line) => /^\w*Error/.test(line)) ?? foreignError(lines);
}

/** As nats-server writes it: `[pid] date time [FTL] message`. */
function foreignError(lines: readonly string[]): string | undefined {
  return lines.map((line) => /\[(?:FTL|ERR)\] (.+)/.exec(line)?.[1]).find((message) => message !== undefined);
}

function messageOf(line: string, levels: readonly string[]): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as { level?: unknown; message?: unknown; error?: unknown };
    if (!levels.includes(String(entry.level))) return undefined;
    const first = typeof entry.error === 'string' ? `: ${entry.error.split('\n')[0]}` : '';
    return `${String(entry.message)}${first}`;
  } catch {
    // A line that was cut off in the middle says nothing.
    return undefined;
  }
}
