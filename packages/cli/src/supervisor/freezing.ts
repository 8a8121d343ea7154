/**
 * One process that is stopped for a while, by the freezer: a program of its own that lets it go on when its time is over,
 * when it is told to, or when whoever started it is gone (its input ends).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import readline from 'node:readline';
import { type Clock, type Deferred, deferred } from '@regatta/runtime';

export class Freezing {
  readonly #over: Deferred<void> = deferred<void>();
  readonly #frozen: Deferred<void> = deferred<void>();
  #until: number;

  private constructor(
    readonly freezer: ChildProcess,
    readonly clock: Clock,
    forMs: number,
  ) {
    this.#until = clock.now() + forMs;
    const said: string[] = [];
    freezer.stderr?.on('data', (text: Buffer) => said.push(text.toString()));
    freezer.stdin?.on('error', () => {});
    freezer.once('error', (error) => this.#ended(error.message));
    freezer.once('close', () => this.#ended(said.join('').trim() || 'the freezer ended'));
    const lines = freezer.stdout ? readline.createInterface({ input: freezer.stdout }) : undefined;
    lines?.on('line', (line) => line === 'frozen' && this.#frozen.resolve());
  }

  /**
   * Stops a child of this process. Resolves when it is stopped.
   * @param program path of the freezer's bundle
   * @param forMs real milliseconds
   * @throws Error when the freezer can't or won't
   */
  static async begin(program: string, pid: number, forMs: number, clock: Clock): Promise<Freezing> {
    const flags = ['--pid', String(pid), '--for', String(Math.ceil(forMs)), '--stop'];
    // A Ctrl-C of the terminal is for the supervisor alone.
    const freezer = spawn(process.execPath, [program, ...flags], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const freezing = new Freezing(freezer, clock, forMs);
    await freezing.#frozen.promise;
    return freezing;
  }

  /** When it ends by itself, milliseconds since the epoch. */
  get until(): number {
    return this.#until;
  }

  /** Resolves when the process goes on. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** It ends so many real milliseconds from now instead. */
  extend(forMs: number): void {
    this.#until = this.clock.now() + forMs;
    this.freezer.stdin?.write(`for ${Math.ceil(forMs)}\n`);
  }

  /** Lets it go on now. */
  end(): void {
    this.freezer.stdin?.end();
  }

  #ended(why: string): void {
    this.#frozen.reject(new Error(why));
    this.#over.resolve();
  }
}
