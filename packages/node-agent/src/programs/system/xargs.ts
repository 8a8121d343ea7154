/**
 * `xargs`
 */
import { exitCodeOf } from '../../runtime/process/exit-status.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { applet, lineBatches, utf8 } from '../support/applet.ts';
import { type CommandLine, parseOptions, UsageError } from '../support/command-line.ts';
import { programOf } from '../support/run-program.ts';

/** Bytes of one command line (POSIX's ARG_MAX as busybox takes it). */
const LONGEST_COMMAND = 32 * 1024;
const MOST_PARALLEL = 64;

export const xargs = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: '0rtpx',
    values: 'nILsPEd',
    stopAtOperand: true,
    long: {
      null: '0',
      'no-run-if-empty': 'r',
      verbose: 't',
      'max-args': 'n',
      replace: 'I',
      'max-procs': 'P',
      delimiter: 'd',
    },
  });
  const runner = new Runner(process, line);
  const items =
    line.has('0') || line.has('d')
      ? delimited(process.stdin, line.has('0') ? '\0' : (line.value('d') ?? '\n').replace('\\n', '\n'))
      : line.has('I') || line.has('L')
        ? wholeLines(process.stdin)
        : words(process.stdin);
  for await (const item of items) if (!(await runner.add(item))) break;
  return runner.end();
});

class Runner {
  #batch: string[] = [];
  #bytes = 0;
  #ran = false;
  #status = 0;
  #stopped = false;
  readonly #running = new Set<Promise<void>>();
  readonly #command: readonly string[];
  readonly #most: number;

  constructor(
    private readonly process: ProcessContext,
    private readonly line: CommandLine,
  ) {
    this.#command = line.operands.length === 0 ? ['echo'] : line.operands;
    this.#most = Number(line.value('n') ?? line.value('L') ?? (line.has('I') ? 1 : Number.POSITIVE_INFINITY));
  }

  /** False when no more is to be run. */
  async add(item: string): Promise<boolean> {
    if (this.#batch.length >= this.#most || (this.#batch.length > 0 && this.#bytes + item.length > LONGEST_COMMAND))
      await this.#run();
    this.#batch.push(item);
    this.#bytes += item.length + 1;
    return !this.#stopped;
  }

  async end(): Promise<number> {
    const nothing = this.#batch.length === 0;
    if (!this.#stopped && (!nothing || !(this.#ran || this.line.has('r') || this.line.has('I')))) await this.#run();
    await Promise.all(this.#running);
    return this.#status;
  }

  async #run(): Promise<void> {
    const items = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    this.#ran = true;
    const replace = this.line.value('I');
    const argv =
      replace === undefined
        ? [...this.#command, ...items]
        : this.#command.map((word) => word.split(replace).join(items[0] ?? ''));
    if (this.line.has('t')) await this.process.printError(`${argv.join(' ')}\n`);
    const parallel = Math.min(Number(this.line.value('P') ?? 1) || MOST_PARALLEL, MOST_PARALLEL);
    while (this.#running.size >= parallel) await Promise.race(this.#running);
    const work: Promise<void> = this.#one(argv).finally(() => this.#running.delete(work));
    this.#running.add(work);
    if (parallel === 1) await work;
  }

  async #one(argv: readonly string[]): Promise<void> {
    let program: ReturnType<typeof programOf>;
    try {
      program = programOf(this.process, argv[0] ?? '');
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      await this.process.printError(`xargs: ${error.message.replace(/^.*? '(.*)': /, '$1: ')}\n`);
      this.#status = error.status;
      this.#stopped = true;
      return;
    }
    const input = this.process.open('/dev/null', { read: true });
    try {
      const child = this.process.spawn({ argv, program, fds: new Map([[0, input]]) });
      const status = await child.wait();
      const code = exitCodeOf(status);
      if ('signal' in status) this.#stop(125);
      else if (code === 255) this.#stop(124);
      else if (code !== 0) this.#status = 123;
    } finally {
      input.release();
    }
  }

  #stop(status: number): void {
    this.#status = status;
    this.#stopped = true;
  }
}

async function* delimited(input: AsyncIterable<Uint8Array>, delimiter: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input) {
    const parts = (rest + Buffer.from(chunk).toString('latin1')).split(delimiter);
    rest = parts.pop() ?? '';
    for (const part of parts) yield utf8(part);
  }
  if (rest !== '') yield utf8(rest);
}

async function* wholeLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const lines of lineBatches(input)) {
    for (const text of lines) if (text.trim() !== '') yield utf8(text.replace(/^\s+/, ''));
  }
}

/** Blanks separate words; quotes and backslashes keep them together. */
async function* words(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const lines of lineBatches(input)) {
    for (const text of lines) {
      for (const [word] of utf8(text).matchAll(/(?:"[^"]*"|'[^']*'|\\.|[^\s"'\\])+/g)) {
        yield word.replace(/"([^"]*)"|'([^']*)'|\\(.)/g, (_, a?: string, b?: string, c?: string) => a ?? b ?? c ?? '');
      }
    }
  }
}
