/**
 * People of a workshop: each with a kubeconfig, a kubectl, `regatta` and screens of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { type Io, runCli, type TerminalPort } from '@regatta/cli';
import { SystemClock } from '@regatta/runtime';
import { execute, kubectlPath, type Output, regatta, root } from './cluster.ts';

const cli = path.join(root, 'dist', 'cli.mjs');

/** A process that runs on, and what it has printed. */
export interface Running {
  readonly text: () => string;
  readonly ended: Promise<number | null>;
  kill(): void;
}

export class Person {
  constructor(readonly kubeconfig: string) {}

  kubectl(...args: string[]): Promise<Output> {
    return execute(kubectlPath, ['--kubeconfig', this.kubeconfig, ...args]);
  }

  regatta(...args: string[]): Promise<Output> {
    return regatta(['--kubeconfig', this.kubeconfig, ...args]);
  }

  /** `regatta feed -f` and the like. */
  follow(...args: string[]): Running {
    return running(spawn(process.execPath, [cli, '--kubeconfig', this.kubeconfig, ...args]));
  }

  followKubectl(...args: string[]): Running {
    return running(spawn(kubectlPath, ['--kubeconfig', this.kubeconfig, ...args]));
  }

  live(): LiveScreen {
    return new LiveScreen(this.kubeconfig);
  }
}

function running(child: ChildProcess): Running {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { text: () => text, ended, kill: () => void child.kill('SIGKILL') };
}

/** `regatta live` on a terminal that keeps the rows that were written last. */
export class LiveScreen implements TerminalPort {
  readonly columns = 200;
  readonly rows = 50;
  readonly #rows = new Map<number, string>();
  #input: (text: string) => void = () => {};
  isRaw = false;
  readonly ended: Promise<number>;

  constructor(kubeconfig: string) {
    const io: Io = {
      print: () => {},
      warn: (line) => this.#rows.set(0, line),
      env: {},
      cwd: '/',
      terminal: this,
      style: (_kind, text) => text,
    };
    const options = { io, clock: new SystemClock(), programs: '/', version: 'test' };
    this.ended = runCli(['--kubeconfig', kubeconfig, 'live'], options);
  }

  /** What is on it, without colours. */
  text(): string {
    return [...this.#rows.values()].join('\n');
  }

  press(keys: string): void {
    this.#input(keys);
  }

  write(text: string): void {
    for (const part of text.split('\u001b[').slice(1)) {
      const [, row, rest] = /^(\d+);1H([\s\S]*)$/.exec(part) ?? [];
      if (row !== undefined) this.#at = Number(row);
      const shown = row === undefined ? part.replace(/^[?\d;]*[a-zA-Z]/, '') : (rest ?? '');
      const before = row === undefined ? (this.#rows.get(this.#at) ?? '') : '';
      this.#rows.set(this.#at, before + shown);
    }
  }

  raw(on: boolean): void {
    this.isRaw = on;
  }

  onInput(listener: (text: string) => void): () => void {
    this.#input = listener;
    return () => {};
  }

  onResize(): () => void {
    return () => {};
  }

  onEnd(): () => void {
    return () => {};
  }

  #at = 0;
}
