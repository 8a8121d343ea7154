/**
 * Broken requests of every sort: bytes, JSON, YAML, patches, selectors, paths, tokens, WebSocket handshakes.
 *
 * Invariant: none may change anything. What could write is a dry run; where the request's own query is broken, the dry run
 * comes first, and a server that took the rest for its word would be seen by the revision.
 */
import { type ResourceInfo, Schema } from '@regatta/api';
import { stringify } from 'yaml';
import type { Dice } from './dice.ts';
import { Values } from './values.ts';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const DRY_RUN = 'dryRun=All';
const PATCH_TYPES = ['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'];
const MEDIA_TYPES = [
  ...['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/plain', 'a/b;c=d', ';;', ''],
  ...['application/json;as=Table;v=v1;g=meta.k8s.io', 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'],
];
const OPTIONS = [
  ...[
    'limit',
    'continue',
    'resourceVersion',
    'resourceVersionMatch',
    'labelSelector',
    'fieldSelector',
    'timeoutSeconds',
  ],
  ...['fieldValidation', 'fieldManager', 'force', 'pretty', 'gracePeriodSeconds', 'propagationPolicy', 'includeObject'],
];
const SELECTORS = [
  'a=b',
  'a in (b,c)',
  'a notin (',
  '!a',
  'a,b',
  '=',
  'a==b==c',
  ',',
  'a in ()',
  'metadata.name=x',
  'spec.x=1',
  'a>1',
  '(((',
  '\\',
];
/** What has no dry run: a review is an answer, a stream has none. */
const VERBS_THAT_WRITE: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

type Make = () => FuzzRequest;

export class FuzzRequests {
  readonly #values: Values;
  readonly #resources: readonly ResourceInfo[];
  readonly sorts: readonly (readonly [string, Make])[];

  constructor(private readonly dice: Dice) {
    this.#values = new Values(dice);
    // Subresources by their parents' paths; Bindings and Evictions would write in spite of a broken body's dry run.
    this.#resources = Schema.load().resources.filter(({ resource }) => !resource.includes('/'));
    this.sorts = [
      ['objects', () => this.#write(0.04)],
      ['JSON', () => this.#write(0.3)],
      ['bytes', () => this.#broken(this.#write(0.05))],
      ['YAML', () => this.#yaml()],
      ['patches', () => this.#patch()],
      ['selectors', () => this.#selector()],
      ['paths', () => this.#path()],
      ['tokens', () => this.#token()],
      ['handshakes', () => this.#handshake()],
    ];
  }

  #write(wrong: number): FuzzRequest {
    const info = this.dice.pick(this.#resources);
    const object = this.#object(info, wrong);
    const isPut = this.dice.chance(0.2);
    const path = isPut ? `${collection(info)}/web` : collection(info);
    return this.#send(isPut ? 'PUT' : 'POST', `${path}?${DRY_RUN}${this.#options()}`, JSON.stringify(object));
  }

  #object(info: ResourceInfo, wrong: number): Record<string, unknown> {
    const apiVersion = info.group ? `${info.group}/${info.version}` : info.version;
    const named = { apiVersion, kind: info.kind, ...this.#values.object(info.typeId, wrong) };
    const metadata = this.dice.chance(0.8) ? { name: 'web', labels: { app: 'web' } } : this.#values.anything();
    return this.dice.chance(0.9) ? { ...named, metadata } : named;
  }

  /** The same with some bytes gone, doubled or others. */
  #broken(request: FuzzRequest): FuzzRequest {
    const bytes = [...(request.body ?? [])];
    for (let i = 0; i <= this.dice.roll(6); i++) {
      const at = this.dice.roll(Math.max(1, bytes.length));
      bytes.splice(at, this.dice.roll(4), ...this.dice.bytes(this.dice.roll(4)));
    }
    const type = this.dice.pick(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
    return { ...request, headers: { 'content-type': type }, body: Buffer.from(bytes) };
  }

  #yaml(): FuzzRequest {
    const request = this.#write(0.1);
    const lines = stringify(JSON.parse((request.body ?? Buffer.from('{}')).toString()), { version: '1.1' }).split('\n');
    const at = this.dice.roll(lines.length);
    const odd = [
      'a: *b',
      'a: &a [*a]',
      '? [x]: y',
      '<<: {a: b}',
      '\t- x',
      '---',
      '!!binary x',
      'a: !!js/function x',
      '"',
      '- - - -',
    ];
    lines.splice(at, this.dice.roll(2), this.dice.pick(odd));
    return { ...request, headers: { 'content-type': 'application/yaml' }, body: Buffer.from(lines.join('\n')) };
  }

  #patch(): FuzzRequest {
    const type = this.dice.pick(PATCH_TYPES);
    const info = this.dice.pick(this.#resources);
    const target = this.dice.chance(0.5)
      ? '/api/v1/namespaces/default/configmaps/kube-root-ca.crt'
      : `${collection(info)}/web`;
    const operation = () => ({
      op: this.dice.pick(['add', 'remove', 'replace', 'move', 'copy', 'test', 'x']),
      path: this.dice.pick([
        '/data/a',
        '/metadata/name',
        '',
        '/',
        '//',
        '/~2',
        '/data/-',
        '/metadata/labels/__proto__',
        'x',
      ]),
      from: this.dice.pick(['/data', '/x', '', '/metadata']),
      value: this.#values.anything(),
    });
    const body = type.startsWith('json-patch')
      ? this.dice.times(5, operation)
      : { ...this.#object(info, 0.1), ...(this.dice.chance(0.2) ? { $patch: this.#values.text() } : {}) };
    const manager = this.dice.chance(0.8) ? '&fieldManager=fuzz' : '';
    return this.#send(
      'PATCH',
      `${target}?${DRY_RUN}${manager}${this.#options()}`,
      JSON.stringify(body),
      `application/${type}`,
    );
  }

  #selector(): FuzzRequest {
    const info = this.dice.pick(this.#resources);
    const by = this.dice.pick(['labelSelector', 'fieldSelector']);
    const selector = escaped(this.dice.pick(SELECTORS) + (this.dice.chance(0.3) ? this.#values.text() : ''));
    const method = this.dice.chance(0.9) ? 'GET' : 'DELETE';
    const path = `${collection(info)}?${method === 'DELETE' ? `${DRY_RUN}&` : ''}${by}=${selector}${this.#options()}`;
    return { method, path, headers: {} };
  }

  #path(): FuzzRequest {
    const parts = [
      'api',
      'apis',
      'v1',
      'apps',
      'namespaces',
      'default',
      'pods',
      'web',
      'status',
      'log',
      'proxy',
      'exec',
      'watch',
    ];
    const more = [
      '..',
      '.',
      '%2e%2e',
      '%00',
      '%',
      '',
      'openapi',
      'v2',
      'regatta',
      'healthz',
      'metrics',
      '__proto__',
      'x'.repeat(3000),
    ];
    const path = `/${this.dice.times(7, () => this.dice.pick([...parts, ...parts, ...more])).join('/')}`;
    const method = this.dice.pick([
      'GET',
      'GET',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
    ]);
    const query = VERBS_THAT_WRITE.has(method) ? `?${DRY_RUN}` : this.#options().replace('&', '?');
    return { method, path: path + query, headers: { accept: this.dice.pick(MEDIA_TYPES) } };
  }

  #token(): FuzzRequest {
    const segment = () => this.dice.bytes(this.dice.roll(60)).toString('base64url');
    const header = Buffer.from(JSON.stringify(this.#values.anything())).toString('base64url');
    const tokens = [
      `${segment()}.${segment()}.${segment()}`,
      `${header}.${header}.`,
      'a.b',
      '..',
      segment(),
      'abcdef.0123456789abcdef',
    ];
    const scheme = this.dice.pick(['Bearer', 'bearer', 'Basic', '', 'Bearer Bearer']);
    const impersonated: Record<string, string> = this.dice.chance(0.3)
      ? { 'impersonate-extra-%zz': 'x', 'impersonate-group': this.dice.pick(['a', '']) }
      : {};
    return {
      method: 'GET',
      path: `/api/v1/namespaces/default/${this.dice.pick(['pods', 'secrets', 'configmaps'])}`,
      headers: { authorization: `${scheme} ${this.dice.pick(tokens)}`, ...impersonated },
    };
  }

  #handshake(): FuzzRequest {
    const protocols = [
      'v5.channel.k8s.io',
      'v4.channel.k8s.io',
      'SPDY/3.1+portforward.k8s.io',
      'x',
      '',
      'base64.binary.k8s.io',
    ];
    const subresource = this.dice.pick(['exec', 'attach', 'portforward', 'proxy', 'log', 'x']);
    const query = this.dice.times(4, () =>
      this.dice.pick(['command=sh', 'stdin=true', 'stdout=x', 'tty=true', 'ports=80', 'ports=x', '%=%']),
    );
    return {
      method: this.dice.pick(['GET', 'POST']),
      path: `/api/v1/namespaces/default/pods/${this.dice.pick(['none', 'x%2f', ''])}/${subresource}?${query.join('&')}`,
      headers: {
        connection: this.dice.pick(['Upgrade', 'keep-alive', 'upgrade, close']),
        upgrade: this.dice.pick(['websocket', 'SPDY/3.1', 'h2c', 'x']),
        'sec-websocket-key': this.dice.bytes(this.dice.pick([16, 0, 3])).toString('base64'),
        'sec-websocket-version': this.dice.pick(['13', '8', '']),
        'sec-websocket-protocol': this.dice.pick(protocols),
        'x-stream-protocol-version': this.dice.pick(protocols),
      },
    };
  }

  #send(method: string, path: string, body: string, type = 'application/json'): FuzzRequest {
    const accept: Record<string, string> = this.dice.chance(0.2) ? { accept: this.dice.pick(MEDIA_TYPES) } : {};
    return { method, path, headers: { 'content-type': type, ...accept }, body: Buffer.from(body) };
  }

  /** Now and then an option more, with any value. */
  #options(): string {
    if (!this.dice.chance(0.3)) return '';
    return `&${this.dice.pick(OPTIONS)}=${escaped(this.dice.chance(0.5) ? this.#values.text() : String(this.dice.roll(10)))}`;
  }
}

function collection({ group, version, resource, namespaced }: ResourceInfo): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return `${root}${namespaced ? '/namespaces/default' : ''}/${resource}`;
}

/** As in a query; half of a surrogate pair has no bytes and becomes U+FFFD. */
function escaped(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
