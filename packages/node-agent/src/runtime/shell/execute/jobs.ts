/**
 * The jobs of a shell: pipelines that it started and hasn't waited for, numbered as `jobs` shows them.
 */
import { type ExitStatus, exitCodeOf } from '../../process/exit-status.ts';
import type { ChildProcess } from '../../process/process-context.ts';

/** Jobs that one shell remembers; the oldest ended one goes first. */
const MOST_JOBS = 1000;

export class Job {
  /** 0 while it runs in the foreground only. */
  number = 0;
  /** Its end was shown or waited for. */
  reported = false;
  readonly done: Promise<number>;

  constructor(
    readonly children: readonly ChildProcess[],
    readonly text: string,
    readonly pipefail: boolean,
  ) {
    this.done = Promise.all(children.map((child) => child.wait())).then((statuses) => this.#status(statuses));
    // Somebody asks later or never; a killed shell is no error of the job's.
    this.done.catch(() => {});
  }

  get pgid(): number {
    return this.children[0]?.pgid ?? 0;
  }

  get lastPid(): number {
    return this.children.at(-1)?.pid ?? 0;
  }

  get state(): 'running' | 'stopped' | 'done' {
    if (this.children.every(({ status }) => status !== undefined)) return 'done';
    return this.children.some(({ state }) => state === 'stopped') ? 'stopped' : 'running';
  }

  /** How it ended, once it has. */
  get lastStatus(): ExitStatus | undefined {
    return this.children.at(-1)?.status;
  }

  /** The codes of all its processes, where they have ended. */
  codes(): readonly number[] {
    return this.children.map(({ status }) => (status === undefined ? 0 : exitCodeOf(status)));
  }

  /** Resolves when it has ended or is stopped. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      const stops: (() => void)[] = [];
      const check = (): void => {
        if (this.state === 'running') return;
        for (const stop of stops) stop();
        resolve();
      };
      for (const child of this.children) stops.push(child.onStateChange(check));
      this.done.then(check, check);
      check();
    });
  }

  code(): number {
    const codes = this.codes();
    if (this.pipefail) return codes.findLast((code) => code !== 0) ?? 0;
    return codes.at(-1) ?? 0;
  }

  #status(statuses: readonly ExitStatus[]): number {
    const codes = statuses.map(exitCodeOf);
    return this.pipefail ? (codes.findLast((code) => code !== 0) ?? 0) : (codes.at(-1) ?? 0);
  }
}

export class JobTable {
  readonly #jobs = new Map<number, Job>();
  /** Most recently used last: `%+`, `%-`. */
  #recent: Job[] = [];

  add(job: Job): void {
    if (this.#jobs.size >= MOST_JOBS) this.#forgetOldest();
    let number = 1;
    for (const taken of this.#jobs.keys()) number = Math.max(number, taken + 1);
    job.number = number;
    this.#jobs.set(number, job);
    this.touch(job);
  }

  /** It becomes the current job. */
  touch(job: Job): void {
    this.#recent = [...this.#recent.filter((one) => one !== job), job];
  }

  remove(job: Job): void {
    if (this.#jobs.get(job.number) === job) this.#jobs.delete(job.number);
    this.#recent = this.#recent.filter((one) => one !== job);
  }

  all(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** `+` for the current job, `-` for the one before. */
  mark(job: Job): string {
    const order = this.#order();
    return job === order.at(-1) ? '+' : job === order.at(-2) ? '-' : ' ';
  }

  /** Stopped jobs are more current than running ones. */
  #order(): readonly Job[] {
    const stopped = (job: Job): number => (job.state === 'stopped' ? 1 : 0);
    return [...this.#recent].sort((a, b) => stopped(a) - stopped(b));
  }

  byPid(pid: number): Job | undefined {
    return this.all().find(({ children }) => children.some((child) => child.pid === pid));
  }

  /** `%1`, `%+`, `%-`, `%name`, `%?text`; undefined when there is no such job. */
  find(specification: string): Job | undefined {
    const name = specification.replace(/^%/, '');
    const order = this.#order();
    if (name === '' || name === '+' || name === '%') return order.at(-1);
    if (name === '-') return order.at(-2) ?? order.at(-1);
    if (/^[0-9]+$/.test(name)) return this.#jobs.get(Number(name));
    if (name.startsWith('?')) return this.all().find(({ text }) => text.includes(name.slice(1)));
    return this.all().find(({ text }) => text.startsWith(name));
  }

  #forgetOldest(): void {
    const ended = this.all().find(({ state }) => state === 'done') ?? this.all()[0];
    if (ended !== undefined) this.remove(ended);
  }
}
