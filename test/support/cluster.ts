/**
 * A whole cluster for a test: its own temporary data folder and port, the real programs, stock kubectl.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@regatta/cli';
import { ApiClient, HttpTransport } from '@regatta/client';
import { parse } from 'yaml';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = path.join(root, 'dist', 'cli.mjs');
export const fixtures = path.join(root, 'test', 'fixtures');
export const kubectlPath = process.env['KUBECTL'] ?? path.join(root, '.cache', 'clients', 'kubectl');

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; never throws for an exit code. */
export async function execute(program: string, args: readonly string[], input?: string): Promise<Output> {
  const child = run(program, [...args], { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 });
  // A program may end without reading what it is given.
  child.child.stdin?.on('error', () => {});
  child.child.stdin?.end(input ?? '');
  try {
    return { code: 0, ...(await child) };
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string; message: string };
    return {
      code: typeof failed.code === 'number' ? failed.code : 1,
      stdout: failed.stdout ?? '',
      stderr: failed.stderr ?? failed.message,
    };
  }
}

export function regatta(args: readonly string[]): Promise<Output> {
  return execute(process.execPath, [cli, ...args]);
}

/** Tries until `check` answers something, at most `timeout` milliseconds. @throws Error with what it waited for */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  timeout = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeout;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const found = await check();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not within ${timeout} ms: ${what}${last instanceof Error ? ` (${last.message})` : ''}`);
}

export interface TestClusterOptions {
  readonly nodes?: number;
  readonly speed?: number;
  /** As REGATTA_TEST_BROKER says unless told, so that any suite can run on nats-server. */
  readonly broker?: 'embedded' | 'nats-server';
  readonly dataDir?: string;
  readonly port?: number;
  /** More words for `regatta up`. */
  readonly flags?: readonly string[];
}

export class TestCluster {
  #process: ChildProcess | undefined;
  /** Told to end, perhaps not gone yet. */
  #ending: ChildProcess | undefined;
  output = '';

  private constructor(
    readonly dataDir: string,
    readonly port: number,
  ) {}

  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const dataDir = options.dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-test-'));
    const cluster = new TestCluster(dataDir, options.port ?? (await freePort()));
    const kind = options.broker ?? process.env['REGATTA_TEST_BROKER'];
    const broker = kind ? ['--broker', kind] : [];
    const { nodes = 3, speed = 20, flags = [] } = options;
    await cluster.up(['--nodes', String(nodes), '--speed', String(speed), ...broker, ...flags]);
    return cluster;
  }

  /** Starts it (again). @throws Error with its output when it ends instead */
  async up(flags: readonly string[] = []): Promise<void> {
    const child = spawn(
      process.execPath,
      [cli, 'up', '--data-dir', this.dataDir, '--port', String(this.port), ...flags],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    this.#process = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) =>
        reject(new Error(`regatta up ended with ${code}:\n${this.output}\n${this.#logTails()}`)),
      );
    });
  }

  /** Ends it as Ctrl-C does, and waits. */
  async down(): Promise<void> {
    await this.end('SIGINT');
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Sends it a signal and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    (this.#process ?? this.#ending)?.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#ending = child;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    await this.down();
    fs.rmSync(this.dataDir, { recursive: true, force: true });
  }

  get kubeconfig(): string {
    return path.join(this.dataDir, 'kubeconfig');
  }

  /** A `regatta` command on this cluster. @throws Error when it fails */
  async regatta(...args: string[]): Promise<string> {
    const output = await regatta(['--data-dir', this.dataDir, ...args]);
    if (output.code !== 0) throw new Error(`regatta ${args.join(' ')}: ${output.stderr}`);
    return output.stdout;
  }

  /** Stock kubectl on this cluster; its output whatever its exit code. */
  tryKubectl(...args: string[]): Promise<Output> {
    return execute(kubectlPath, ['--kubeconfig', this.kubeconfig, ...args]);
  }

  /** @throws Error when kubectl fails */
  async kubectl(...args: string[]): Promise<string> {
    const output = await this.tryKubectl(...args);
    if (output.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${output.stderr}`);
    return output.stdout.trimEnd();
  }

  async apply(manifest: string): Promise<string> {
    return this.kubectl('apply', '-f', path.join(fixtures, 'manifests', manifest));
  }

  client(): { readonly client: ApiClient; close(): void } {
    const config = parse(fs.readFileSync(this.kubeconfig, 'utf8')) as {
      clusters: [{ cluster: Record<string, string> }];
      users: [{ user: Record<string, string> }];
    };
    const decode = (data: string | undefined): string => Buffer.from(data ?? '', 'base64').toString();
    const { cluster } = config.clusters[0];
    const { user } = config.users[0];
    const transport = new HttpTransport({
      url: cluster['server'] ?? '',
      ca: decode(cluster['certificate-authority-data']),
      cert: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
    });
    return { client: new ApiClient(transport, { userAgent: 'test' }), close: () => transport.close() };
  }

  #logTails(): string {
    const dir = path.join(this.dataDir, 'logs');
    if (!fs.existsSync(dir)) return '';
    return fs
      .readdirSync(dir)
      .map((name) => `--- ${name}\n${fs.readFileSync(path.join(dir, name), 'utf8').split('\n').slice(-15).join('\n')}`)
      .join('\n');
  }
}
