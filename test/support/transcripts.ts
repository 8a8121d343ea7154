/**
 * Scripted requests and what a real kube-apiserver v1.36 with its controllers answered: sent again, and compared.
 *
 * What differs from run to run is masked in both: identities, times, versions, allocated addresses, what controllers
 * write meanwhile. Long texts were shortened in the recording, so answers are here.
 */
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Waiting {
  /** Milliseconds. */
  readonly pause?: number;
  readonly wait?: { readonly path: string; readonly field?: string; readonly code?: number };
  readonly retry?: { readonly step: Request; readonly code: number };
}

interface Asking extends Request {
  readonly save?: Readonly<Record<string, string>>;
  readonly stream?: boolean;
  /** Its shape counts, not its values. */
  readonly loose?: boolean;
  /** A generated name begins like this. */
  readonly mask?: string;
  readonly showIPs?: boolean;
  readonly showManaged?: boolean;
}

export interface Answer {
  readonly code: number;
  readonly type: string;
  readonly warning: string | null;
  readonly answer: unknown;
}

export interface Recorded {
  readonly topic: string;
  readonly i: number;
  readonly step: Asking | Waiting;
  readonly want: Answer;
}

/** Who asks: an administrator by certificate, unless a step says otherwise. */
export interface Target {
  readonly port: number;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

const FIXTURE = new URL('../../packages/apiserver/test/fixtures/transcripts.jsonl.gz', import.meta.url);
const LOOK_MS = 50;
const LONGEST_WAIT_MS = 20_000;
const LONGEST_TEXT = 600;
const MASKED = new Set([
  ...['uid', 'creationTimestamp', 'resourceVersion', 'time', 'deletionTimestamp', 'continue', 'storageVersionHash'],
  ...['remainingItemCount', 'retryAfterSeconds', 'lastTransitionTime', 'lastProbeTime', 'lastUpdateTime', 'startTime'],
  ...['lastPhaseTransitionTime', 'token', 'expirationTimestamp'],
]);
const ADDRESSES = new Set(['clusterIP', 'clusterIPs', 'nodePort']);
const CONTROLLED = new Set(['Deployment', 'StatefulSet', 'Job', 'ReplicationController', 'DaemonSet']);
const REVISION = 'deployment.kubernetes.io/revision';

export function recordedTranscripts(): Map<string, Recorded[]> {
  const lines = gunzipSync(readFileSync(FIXTURE)).toString().split('\n').filter(Boolean);
  const topics = new Map<string, Recorded[]>();
  for (const line of lines) {
    const record = JSON.parse(line) as Recorded;
    topics.set(record.topic, [...(topics.get(record.topic) ?? []), record]);
  }
  return topics;
}

/** One topic, in a namespace of its own. Yields each answer beside the recorded one. */
export async function* replay(target: Target, topic: string, records: readonly Recorded[]): AsyncGenerator<Compared> {
  const script = new Script(target, `t-${topic}-x2b7q`);
  await script.prepare();
  for (const { i, step, want } of records) {
    if (!('method' in step)) await script.wait(step);
    else yield { title: `${topic}#${i} ${step.method} ${step.path}`, want, got: await script.ask(step) };
  }
}

export interface Compared {
  readonly title: string;
  readonly want: Answer;
  readonly got: Answer;
}

class Script {
  readonly #variables: Map<string, string>;

  constructor(
    private readonly target: Target,
    private readonly namespace: string,
  ) {
    this.#variables = new Map([['ns', namespace]]);
  }

  async prepare(): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } };
    await this.#send({ method: 'POST', path: '/api/v1/namespaces', body });
    await this.wait({ wait: { path: '/api/v1/namespaces/{{ns}}/serviceaccounts/default', code: 200 } });
    await this.wait({ wait: { path: '/api/v1/namespaces/{{ns}}/configmaps/kube-root-ca.crt', code: 200 } });
  }

  async wait({ pause, wait, retry }: Waiting): Promise<void> {
    if (pause) await sleep(pause);
    if (wait)
      await this.#until(async () => {
        const { code, text } = await this.#send({ method: 'GET', path: wait.path });
        return wait.field ? pick(parse(text), wait.field) !== undefined : code === wait.code;
      });
    if (retry) await this.#until(async () => (await this.#send(retry.step)).code === retry.code);
  }

  async ask(step: Asking): Promise<Answer> {
    const { code, type, warning, text } = await this.#send(step);
    const lines = (): unknown[] => text.split('\n').filter(Boolean).map(parse);
    const body = step.stream ? lines().filter((event) => !isPlainBookmark(event)) : parse(text);
    for (const [name, path] of Object.entries(step.save ?? {}))
      this.#variables.set(name, String(pick(body, path) ?? ''));
    const masked = new Mask(this.namespace, step).value(body);
    return {
      code,
      type: type.replace(/;\s*charset=.*/, ''),
      warning: warning === null ? null : new Mask(this.namespace, step).text(warning),
      answer: step.loose ? shape(masked) : masked,
    };
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + LONGEST_WAIT_MS;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`not within ${LONGEST_WAIT_MS} ms`);
      await sleep(LOOK_MS);
    }
  }

  #send(step: Request): Promise<{ code: number; type: string; warning: string | null; text: string }> {
    const {
      method,
      path,
      body,
      headers = {},
      accept = 'application/json',
      type = 'application/json',
    } = this.#fill(step);
    const { port, ca, cert, key } = this.target;
    const payload =
      body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const content = payload && { 'content-type': type, 'content-length': payload.length };
    // Who shows a token of his own is not the administrator as well.
    const credentials = 'authorization' in headers ? {} : { cert, key };
    return new Promise((resolve, reject) => {
      const request = https.request(
        {
          ...{ host: '127.0.0.1', port, ca, ...credentials, method, path: path.replaceAll(' ', '%20'), agent: false },
          headers: { accept, ...content, ...headers },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              code: response.statusCode ?? 0,
              type: response.headers['content-type'] ?? '',
              warning: response.headers['warning']?.toString() ?? null,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      request.on('error', reject).end(payload);
    });
  }

  #fill<T>(value: T): T {
    const text = JSON.stringify(value).replace(/\{\{(\w+)\}\}/g, (match, name: string) => {
      const found = this.#variables.get(name);
      return found === undefined ? match : JSON.stringify(found).slice(1, -1);
    });
    return JSON.parse(text) as T;
  }
}

class Mask {
  constructor(
    private readonly namespace: string,
    private readonly step: Asking,
  ) {}

  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (typeof value !== 'object' || value === null) return value;
    const isControlled = 'kind' in value && CONTROLLED.has(String(value.kind));
    const entries = Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
      const key = name.replaceAll(this.namespace, '{{ns}}');
      return this.#isDropped(key, item, isControlled) ? [] : [[key, this.#field(key, item)]];
    });
    return Object.fromEntries(entries);
  }

  text(text: string): string {
    const isVersion = /resource ?version|too (old|large)/i.test(text);
    if (/^\d+[smhd]$/.test(text)) return '<age>';
    const masked = text
      .replaceAll(this.namespace, '{{ns}}')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
      .replace(/kube-api-access-\w{5}/g, 'kube-api-access-X')
      .replace(/\b\d+(ms|s|m)\b(?= |$)/g, '<t>')
      .replace(/10\.(96|97|98|99|1[01]\d)\.\d+\.\d+/g, (match) => (this.step.showIPs ? match : '<ip>'))
      .replace(/\b(\d{3,})\b(?=\)|$)/g, (match) => (isVersion ? '<rv>' : match))
      .replace(/creationTimestamp\W+\d{4}-[\d-]+T[\d:]+Z\W*/g, 'creationTimestamp<t>')
      .replace(/time: "\d{4}-[\d-]+T[\d:]+Z"/g, 'time<t>')
      .replace(/resourceVersion(\W+)\d+/g, 'resourceVersion$1<rv>');
    const short =
      masked.length > LONGEST_TEXT ? `${masked.slice(0, LONGEST_TEXT / 2)} … ${masked.slice(-100)}` : masked;
    const { mask } = this.step;
    return mask ? short.replace(new RegExp(`${mask}-[a-z0-9]{5}`), `${mask}-XXXXX`) : short;
  }

  /** What controllers write meanwhile depends on when. */
  #isDropped(key: string, item: unknown, isControlled: boolean): boolean {
    if (key === 'managedFields') return !this.step.showManaged;
    if (key === 'annotations' && typeof item === 'object' && item !== null)
      return Object.keys(item).length === 1 && REVISION in item;
    return key === REVISION || (isControlled && key === 'status');
  }

  #field(key: string, item: unknown): unknown {
    if (key === 'managedFields' && Array.isArray(item)) return this.#managers(item);
    if (MASKED.has(key) && item !== '' && item !== null) return `<${key}>`;
    const isNone = JSON.stringify(item)?.includes('None');
    if (ADDRESSES.has(key) && !this.step.showIPs && !isNone) return `<${key}>`;
    return this.value(item);
  }

  #managers(fields: readonly { manager?: string; operation?: string; subresource?: string }[]): unknown {
    const name = ({ manager, operation, subresource }: (typeof fields)[number]): string =>
      `${manager}/${operation}/${subresource}`;
    const kept = fields.filter(({ manager }) => manager !== 'kube-controller-manager');
    return this.value(kept.toSorted((a, b) => (name(a) < name(b) ? -1 : 1)));
  }
}

function shape(value: unknown): unknown {
  if (Array.isArray(value)) return ['…'];
  if (typeof value !== 'object' || value === null) return typeof value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, typeof item]));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isPlainBookmark(event: unknown): boolean {
  if (typeof event !== 'object' || event === null || !('type' in event) || event.type !== 'BOOKMARK') return false;
  return pick(event, 'object.metadata.annotations') === undefined;
}

function pick(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), value);
}
