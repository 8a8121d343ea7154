/**
 * A cluster of docker-compose.yml for a test: a project, names and a port of its own, the image and the engine that
 * scripts/test-compose.mjs prepared, stock kubectl and our CLI from the host.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@regatta/cli';
import { eventually, kubectlPath, type Output, root } from '../support/cluster.ts';

const run = promisify(execFile);
const cli = path.join(root, 'dist', 'cli.mjs');
const COMMAND_MS = 120_000;

/** Command lines of every Compose found here. */
export const composes = JSON.parse(process.env['REGATTA_COMPOSES'] ?? '[]') as readonly (readonly string[])[];

export const CONTROL_PLANE = ['nats', 'apiserver', 'scheduler', 'controller-manager'];
export const NODES = ['node-1', 'node-2', 'node-3'];

export interface Container {
  readonly Id: string;
  readonly Config: { readonly User: string; readonly Hostname: string };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly Privileged: boolean;
  };
  readonly Mounts: readonly {
    readonly Type: string;
    readonly Name: string;
    readonly Destination: string;
    readonly RW: boolean;
  }[];
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
  };
}

export class Stack {
  readonly #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'regatta-compose-'));
  readonly #files: readonly string[];

  private constructor(
    readonly command: readonly string[],
    readonly name: string,
    readonly port: number,
    override: string | undefined,
  ) {
    const files = [path.join(root, 'docker-compose.yml')];
    if (override !== undefined) {
      files.push(this.file('compose.override.yml'));
      fs.writeFileSync(this.file('compose.override.yml'), override);
    }
    this.#files = files.flatMap((file) => ['--file', file]);
  }

  /** @param override what a compose.override.yml beside docker-compose.yml would say */
  static async create(command: readonly string[], label: string, override?: string): Promise<Stack> {
    return new Stack(command, `regatta-test-${label}-${process.pid}`, await freePort(), override);
  }

  /** A place for a file on this machine; removed with the stack. */
  file(name: string): string {
    return path.join(this.#folder, name);
  }

  get kubeconfig(): string {
    return this.file('kubeconfig');
  }

  container(service: string): string {
    return `${this.name}-${service}`;
  }

  /** @throws Error with what it printed when it fails */
  compose(...args: string[]): Promise<string> {
    const [program = '', ...before] = this.command;
    const flags = ['--project-name', this.name, ...this.#files];
    return this.#run(program, [...before, ...flags, ...args], {
      REGATTA_NAME: this.name,
      REGATTA_PORT: String(this.port),
    });
  }

  docker(...args: string[]): Promise<string> {
    return this.#run('docker', args);
  }

  kubectl(...args: string[]): Promise<string> {
    return this.kubectlAs(this.kubeconfig, ...args);
  }

  kubectlAs(kubeconfig: string, ...args: string[]): Promise<string> {
    return this.#run(kubectlPath, ['--kubeconfig', kubeconfig, ...args]);
  }

  /** Our CLI on this machine, with the kubeconfig that came out of the container. */
  regatta(...args: string[]): Promise<string> {
    return this.#run(process.execPath, [cli, '--kubeconfig', this.kubeconfig, ...args]);
  }

  /** Our CLI on the machine of somebody who has a join link and nothing else. */
  join(link: string, kubeconfig: string): Promise<string> {
    return this.#run(process.execPath, [cli, 'join', link, '--out', kubeconfig]);
  }

  async inspect(container: string): Promise<Container> {
    const [found] = JSON.parse(await this.docker('inspect', container)) as Container[];
    if (!found) throw new Error(`no container ${container}`);
    return found;
  }

  /** Starts it, and takes the kubeconfig out as the guide says. */
  async up(...flags: string[]): Promise<void> {
    await this.compose('up', '--detach', '--no-build', ...flags);
    await eventually('the API server is ready', () => this.healthy('apiserver'), COMMAND_MS);
    await this.docker('cp', `${this.container('apiserver')}:/var/lib/regatta/kubeconfig`, this.kubeconfig);
  }

  async healthy(service: string): Promise<boolean> {
    return (await this.inspect(this.container(service))).State.Health?.Status === 'healthy';
  }

  async readyOf(node: string): Promise<string> {
    return this.kubectl('get', 'node', node, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
  }

  async untilReady(...nodes: string[]): Promise<void> {
    for (const node of nodes) {
      await eventually(`${node} is Ready`, async () => (await this.readyOf(node)) === 'True', COMMAND_MS);
    }
  }

  async untilLost(node: string): Promise<void> {
    await eventually(`${node} is lost`, async () => (await this.readyOf(node)) === 'Unknown', COMMAND_MS);
  }

  /** Removes everything of the project. */
  async dispose(): Promise<void> {
    await this.compose('down', '--volumes', '--remove-orphans', '--timeout', '2');
    this.close();
  }

  /** Removes what it keeps on this machine. */
  close(): void {
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    try {
      const options = { env: { ...process.env, ...env }, timeout: COMMAND_MS, maxBuffer: 64 * 1024 * 1024 };
      return (await run(program, [...args], options)).stdout.trimEnd();
    } catch (error) {
      const { stdout, stderr } = error as Partial<Output>;
      throw new Error(`${path.basename(program)} ${args.join(' ')}:\n${stdout ?? ''}${stderr ?? String(error)}`);
    }
  }
}
