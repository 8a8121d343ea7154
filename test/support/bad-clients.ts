/**
 * Bad clients against a running cluster: each kind in a process of its own (bad-client.mjs), while a well-behaved client
 * gets, creates and deletes, and everybody watches whether a Node is ever not Ready.
 *
 * The well-behaved client and the bad one are different service accounts; `admin` makes the bad one a system:masters.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { resources } from '@regatta/client';
import { parse } from 'yaml';
import { eventually, root, TestCluster } from './cluster.ts';

const PROGRAM = path.join(root, 'test', 'support', 'bad-client.mjs');
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
/** Milliseconds between two requests of the well-behaved client. */
const PACE = 10;

/** Milliseconds that a bad client has to tell what it saw. */
const LAST_WORDS = 10_000;

export interface BadClient {
  readonly kind: string;
  /** Connections, sessions or watches: what the kind has many of. */
  readonly count: number;
  readonly admin?: boolean;
}

export interface Latency {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds. */
  readonly max: number;
}

/** What the bad client saw. */
export interface Saw {
  readonly answers: Readonly<Record<string, number>>;
  readonly opened: number;
  readonly closed: number;
  readonly failed: number;
}

export interface Figures {
  readonly get: Latency;
  readonly create: Latency;
  /** Answers to the well-behaved client that were not what they should be. */
  readonly wrong: readonly string[];
  /** Proportional set size of the apiserver, MiB. */
  readonly memory: number;
}

export interface BadClientCase extends BadClient {
  readonly name: string;
  /** Whether the bad client was treated as upstream would, or as docs/spec/limits.md says. */
  readonly check: (saw: Saw) => boolean;
}

const answered =
  (code: string) =>
  ({ answers }: Saw): boolean =>
    (answers[code] ?? 0) > 0;
const opened =
  (count: number) =>
  (saw: Saw): boolean =>
    saw.opened >= count;
const cut = ({ closed, failed }: Saw): boolean => closed + failed > 0;

export const BAD_CLIENTS: readonly BadClientCase[] = [
  { name: 'floods of gets', kind: 'flood', count: 50, check: answered('200') },
  { name: 'floods of gets by system:masters', kind: 'flood', count: 50, admin: true, check: answered('200') },
  { name: 'pipelined floods', kind: 'pipelined', count: 20, check: answered('200') },
  { name: 'floods of writes', kind: 'writes', count: 50, check: answered('201') },
  { name: '800 streams that ask again and again', kind: 'streams', count: 8, check: answered('429') },
  { name: '500 idle connections', kind: 'idle', count: 500, check: opened(500) },
  { name: 'connections that never shake hands', kind: 'no-handshake', count: 1000, check: cut },
  { name: 'connections that open and close', kind: 'churn', count: 20, check: cut },
  { name: 'slow headers', kind: 'slow-headers', count: 200, check: opened(200) },
  { name: 'slow bodies', kind: 'slow-bodies', count: 200, check: opened(200) },
  { name: 'giant headers', kind: 'giant-headers', count: 10, check: answered('431') },
  { name: 'large answers that nobody reads', kind: 'unread-lists', count: 50, check: opened(50) },
  { name: '1,000 watches of everything', kind: 'watches', count: 1000, check: answered('200') },
  { name: 'watches that nobody reads', kind: 'unread-watches', count: 200, check: opened(200) },
  { name: 'watches with closed windows', kind: 'closed-windows', count: 5, check: answered('200') },
  { name: 'rapid resets', kind: 'resets', count: 5, check: cut },
];

export class BadClientRun {
  /** What was seen of Nodes that were not Ready. */
  readonly notReady: string[] = [];
  readonly #agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  readonly #stop = new AbortController();
  #tokens: Readonly<Record<'good' | 'bad', string>> = { good: '', bad: '' };
  #pid = 0;
  #made = 0;

  private constructor(readonly cluster: TestCluster) {}

  static async start(options: { nodes: number; speed: number }): Promise<BadClientRun> {
    const run = new BadClientRun(await TestCluster.start(options));
    run.#tokens = { good: await run.#account('good'), bad: await run.#account('bad') };
    run.#pid = Number(/apiserver\s+running\s+(\d+)/.exec(await run.cluster.regatta('status'))?.[1]);
    void run.#watchNodes().catch((error: unknown) => run.notReady.push(`the watch of Nodes failed: ${String(error)}`));
    return run;
  }

  async dispose(): Promise<void> {
    this.#stop.abort();
    this.#agent.destroy();
    await this.cluster.dispose();
  }

  /** The well-behaved client for so many milliseconds. */
  async measure(milliseconds: number): Promise<Figures> {
    const get: number[] = [];
    const create: number[] = [];
    const wrong: string[] = [];
    const until = performance.now() + milliseconds;
    const ask = async (into: number[], method: string, url: string, expected: number, body?: object): Promise<void> => {
      const before = performance.now();
      const code = await this.request(method, url, body).catch((error: Error) => error.message);
      into.push(performance.now() - before);
      if (code !== expected) wrong.push(`${method} ${url}: ${code}`);
    };
    while (performance.now() < until) {
      const name = `good-${this.#made++}`;
      await ask(create, 'POST', CONFIG_MAPS, 201, { metadata: { name }, data: { a: 'b' } });
      await ask(get, 'GET', `${CONFIG_MAPS}/${name}`, 200);
      await ask([], 'DELETE', `${CONFIG_MAPS}/${name}`, 200);
      await new Promise((resolve) => setTimeout(resolve, PACE));
    }
    return { get: latency(get), create: latency(create), wrong, memory: this.memory() };
  }

  /** The same while bad clients are at it; also tells what they saw. */
  async during(bad: BadClient, milliseconds: number): Promise<Figures & { readonly saw: Saw }> {
    const child = spawn(process.execPath, [PROGRAM, bad.kind], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        PORT: String(this.cluster.port),
        COUNT: String(bad.count),
        ...(bad.admin ? this.#adminIdentity() : { TOKEN: this.#tokens.bad }),
      },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const exit = once(child, 'exit');
    await eventually(`${bad.kind} is in full swing`, async () => output.includes('ready') || child.exitCode !== null);
    const figures = await this.measure(milliseconds);
    child.stdin.end();
    const deadline = setTimeout(() => child.kill('SIGKILL'), LAST_WORDS);
    await exit;
    clearTimeout(deadline);
    return { ...figures, saw: JSON.parse(output.trim().split('\n').at(-1) ?? '') as Saw };
  }

  /** Writes one ConfigMap of 100 KB so many times. Resolves with the megabytes of events that makes. */
  async writeLarge(times: number): Promise<number> {
    const data = { text: 'x'.repeat(100_000) };
    await this.request('POST', CONFIG_MAPS, { metadata: { name: 'large' }, data });
    for (let i = 0; i < times; i++) {
      await this.request('PUT', `${CONFIG_MAPS}/large`, {
        metadata: { name: 'large' },
        data: { ...data, i: String(i) },
      });
    }
    return Math.round((times * data.text.length) / 1e6);
  }

  /** A request of the well-behaved client. Resolves with the status code. */
  request(method: string, url: string, body?: object): Promise<number> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${this.#tokens.good}`,
      ...(payload ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } : {}),
    };
    const { port } = this.cluster;
    return new Promise((resolve, reject) => {
      const asked = https.request(
        { agent: this.#agent, host: '127.0.0.1', port, method, path: url, headers },
        (answer) => {
          answer.resume();
          answer.once('end', () => resolve(answer.statusCode ?? 0));
        },
      );
      asked.once('error', reject).end(payload);
    });
  }

  /** Proportional set size of the apiserver, MiB. */
  memory(): number {
    const rollup = fs.readFileSync(`/proc/${this.#pid}/smaps_rollup`, 'utf8');
    return Math.round(Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1024);
  }

  async #account(name: string): Promise<string> {
    const { cluster } = this;
    await cluster.kubectl('create', 'serviceaccount', name);
    await cluster.kubectl(
      'create',
      'clusterrolebinding',
      name,
      '--clusterrole=cluster-admin',
      `--serviceaccount=default:${name}`,
    );
    return cluster.kubectl('create', 'token', name);
  }

  #adminIdentity(): Record<'CERT' | 'KEY', string> {
    const config = parse(fs.readFileSync(this.cluster.kubeconfig, 'utf8')) as {
      users: [{ user: Record<'client-certificate-data' | 'client-key-data', string> }];
    };
    const { user } = config.users[0];
    const text = (data: string): string => Buffer.from(data, 'base64').toString();
    return { CERT: text(user['client-certificate-data']), KEY: text(user['client-key-data']) };
  }

  async #watchNodes(): Promise<void> {
    const { client, close } = this.cluster.client();
    try {
      for await (const { object } of client.resource(resources.nodes).watch({}, this.#stop.signal)) {
        const ready = object.status?.conditions?.find(({ type }) => type === 'Ready');
        if (ready?.status !== 'True') this.notReady.push(`${object.metadata.name}: ${ready?.status} ${ready?.reason}`);
      }
    } finally {
      close();
    }
  }
}

function latency(samples: readonly number[]): Latency {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  return { requests: sorted.length, p50: at(0.5), p99: at(0.99), max: round(sorted.at(-1)) };
}

function round(milliseconds = 0): number {
  return Math.round(milliseconds * 10) / 10;
}

/** One line of figures. */
export function figuresLine(name: string, { get, create, memory }: Figures, saw?: Saw): string {
  const answers = Object.entries(saw?.answers ?? {}).map(([code, times]) => `${times} x ${code}`);
  const seen = saw ? `; the bad client saw ${[...answers, `${saw.closed} closed`].join(', ')}` : '';
  const figure = (what: string, { p50, p99, max }: Latency): string => `${what} p50 ${p50} p99 ${p99} max ${max} ms`;
  return `# ${name}: ${figure('get', get)}, ${figure('create', create)}, apiserver ${memory} MiB${seen}`;
}
