import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_ANSWER } from '../../src/webhooks/webhook-client.ts';
import { define, widget } from '../apiextensions/definitions.ts';
import { type Answer, prepareNamespace, type RunningServer, runServer } from '../running-server.ts';
import { type Review, type WebhookServer, webhookServer } from './webhook-server.ts';

let running: RunningServer;
let webhook: WebhookServer;
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1';
const MAPS = '/api/v1/namespaces/hooked/configmaps';

interface Converted {
  readonly desiredAPIVersion: string;
  readonly objects: readonly { readonly apiVersion: string; readonly metadata: object; a?: string; b?: string }[];
}

function answer(path: string, request: Review): object | undefined {
  switch (path) {
    case '/allow':
      return { allowed: true, warnings: ['looked at'] };
    case '/deny':
      return { allowed: false, status: { message: 'no such thing', reason: 'Forbidden', code: 403 } };
    case '/huge':
      return { allowed: true, warnings: ['x'.repeat(MAX_ANSWER)] };
    case '/add': {
      const patch = [{ op: 'add', path: '/data/added', value: 'yes' }];
      return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
    }
    case '/init': {
      const container = { name: 'added', image: 'busybox' };
      const patch = [{ op: 'add', path: '/spec/initContainers', value: [container] }];
      return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
    }
    case '/convert': {
      const { desiredAPIVersion, objects } = request as unknown as Converted;
      const converted = objects.map(({ a, b, ...rest }) => ({
        ...rest,
        apiVersion: desiredAPIVersion,
        ...(desiredAPIVersion.endsWith('v2') ? { b: a ?? b } : { a: b ?? a }),
      }));
      return { convertedObjects: converted, result: { status: 'Success' } };
    }
    default:
      return undefined;
  }
}

beforeAll(async () => {
  running = await runServer();
  webhook = await webhookServer(running, answer);
  await prepareNamespace(running, 'hooked');
});
afterAll(async () => {
  await webhook.stop();
  await running.stop();
});

interface Hook {
  readonly path: string;
  readonly resources?: readonly string[];
  readonly more?: object;
}

/** Registers one webhook, about creates in the namespace, while `work` runs. */
async function registered(kind: 'Validating' | 'Mutating', hook: Hook, work: () => Promise<void>): Promise<void> {
  const { path, resources = ['configmaps'], more } = hook;
  const collection = `${CONFIGURATIONS}/${kind.toLowerCase()}webhookconfigurations`;
  const rule = { operations: ['CREATE'], apiGroups: ['*'], apiVersions: ['*'], resources };
  const one = {
    name: 'hook.example.com',
    clientConfig: webhook.config(path),
    rules: [rule],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'hooked' } },
    ...more,
  };
  const created = await running.request('POST', collection, { body: { metadata: { name: 'hook' }, webhooks: [one] } });
  expect([created.code, created.text]).toEqual([201, expect.anything()]);
  try {
    await work();
  } finally {
    await running.request('DELETE', `${collection}/hook`);
  }
}

function create(name: string, path = MAPS): Promise<Answer> {
  return running.request('POST', path, { body: { metadata: { name }, data: { a: 'b' } } });
}

function message(given: Answer): string {
  return (JSON.parse(given.text) as { message: string }).message;
}

describe('ADM-30: webhooks are asked about requests that they match, and may refuse them', () => {
  it('refuses in the words of the webhook, and with its warnings lets others pass', async () => {
    await registered('Validating', { path: '/deny' }, async () => {
      const refused = await create('denied');
      expect([refused.code, message(refused)]).toEqual([
        403,
        'admission webhook "hook.example.com" denied the request: no such thing',
      ]);
      expect((await create('elsewhere', '/api/v1/namespaces/default/configmaps')).code).toBe(201);
    });
    await registered('Validating', { path: '/allow' }, async () => {
      expect((await create('allowed')).headers['warning']).toBe('299 - "looked at"');
    });
  });

  it('leaves out what its conditions leave out', async () => {
    const matchConditions = [
      { name: 'not-me', expression: "object.metadata.name != 'skip-me' && request.operation == 'CREATE'" },
    ];
    await registered('Validating', { path: '/deny', more: { matchConditions } }, async () => {
      expect((await create('skip-me')).code).toBe(201);
      expect((await create('other')).code).toBe(403);
    });
    const mine = [
      {
        name: 'mine',
        expression: "authorizer.group('').resource('secrets').namespace(request.namespace).check('create').allowed()",
      },
    ];
    await registered('Validating', { path: '/deny', more: { matchConditions: mine } }, async () => {
      expect((await create('may')).code).toBe(403);
    });
  });

  it('ADM-48: sees what the caller asked besides', async () => {
    const condition = (expression: string): object => ({ matchConditions: [{ name: 'asked', expression }] });
    const fields = "has(request.options.fieldManager) && request.options.fieldManager == 'me'";
    const more = condition(`${fields} && request.options.fieldValidation == 'Strict'`);
    await registered('Validating', { path: '/deny', more }, async () => {
      expect((await create('plain')).code).toBe(201);
      expect((await create('asked', `${MAPS}?fieldManager=me&fieldValidation=Strict`)).code).toBe(403);
    });
    const rule = { operations: ['DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };
    const orphans = condition("request.options.?propagationPolicy.orValue('') == 'Orphan'");
    await registered('Validating', { path: '/deny', more: { ...orphans, rules: [rule] } }, async () => {
      expect((await running.request('DELETE', `${MAPS}/plain?propagationPolicy=Orphan`)).code).toBe(403);
      expect((await running.request('DELETE', `${MAPS}/plain`)).code).toBe(200);
    });
  });
});

describe('ADM-31: mutating webhooks change objects, which are defaulted again', () => {
  it('applies patches', async () => {
    await registered('Mutating', { path: '/add' }, async () => {
      expect(JSON.parse((await create('patched')).text)).toMatchObject({ data: { a: 'b', added: 'yes' } });
    });
  });

  it('defaults what was added', async () => {
    await registered('Mutating', { path: '/init', resources: ['pods'] }, async () => {
      const spec = { containers: [{ name: 'web', image: 'nginx' }] };
      const made = await running.json('POST', '/api/v1/namespaces/hooked/pods', {
        body: { metadata: { name: 'p' }, spec },
      });
      expect(made).toMatchObject({
        spec: { initContainers: [{ name: 'added', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }] },
      });
    });
  });

  it('prunes what a custom resource does not have', async () => {
    const group = 'hooked.example.com';
    const data = { type: 'object', properties: { a: { type: 'string' } } };
    const path = await define(running, { group, schema: { type: 'object', properties: { data } } });
    await registered('Mutating', { path: '/add', resources: ['widgets'] }, async () => {
      const where = path.replace('/default/', '/hooked/');
      const made = await running.json('POST', where, { body: widget(group, 'w', { data: { a: 'b' } }) });
      expect(made['data']).toEqual({ a: 'b' });
    });
  });
});

describe('ADM-32: a webhook that fails counts as its failurePolicy says', () => {
  it('reads no more than an answer may have', async () => {
    await registered('Validating', { path: '/huge' }, async () => {
      const failed = await create('huge');
      expect(message(failed)).toContain(`the webhook's answer is larger than ${MAX_ANSWER} bytes`);
    });
  });

  it('ends a call that takes too long', async () => {
    const slow = { path: '/never', more: { timeoutSeconds: 1 } };
    await registered('Validating', slow, async () => {
      const failed = await create('late');
      expect(failed.code).toBe(500);
      expect(message(failed)).toMatch(
        /^Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: Post "https:\/\/127.0.0.1:\d+\/never\?timeout=1s": context deadline exceeded$/,
      );
    });
    await registered('Validating', { ...slow, more: { ...slow.more, failurePolicy: 'Ignore' } }, async () => {
      expect((await create('ignored')).code).toBe(201);
    });
  });
});

describe('CRD-9: a webhook converts between versions', () => {
  it('for gets, lists, watches and writes', async () => {
    const group = 'converted.example.com';
    const schema = (field: string): object => ({
      openAPIV3Schema: { type: 'object', properties: { [field]: { type: 'string' } } },
    });
    const versions = [
      { name: 'v1', served: true, storage: true, schema: schema('a') },
      { name: 'v2', served: true, storage: false, schema: schema('b'), selectableFields: [{ jsonPath: '.b' }] },
    ];
    const conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: webhook.config('/convert'), conversionReviewVersions: ['v1'] },
    };
    const path = await define(running, { group, versions, spec: { conversion } });
    await running.request('POST', path, { body: widget(group, 'one', { a: 'x' }) });
    const other = path.replace('/v1/', '/v2/');
    expect(await running.json('GET', `${other}/one`)).toMatchObject({ apiVersion: `${group}/v2`, b: 'x' });
    const written = await running.json('POST', other, { body: widget(group, 'two', { b: 'y' }, 'v2') });
    expect(written).toMatchObject({ apiVersion: `${group}/v2`, b: 'y' });
    expect(await running.json('GET', `${path}/two`)).toMatchObject({ apiVersion: `${group}/v1`, a: 'y' });
    expect(await running.json('GET', `${other}?fieldSelector=b%3Dy`)).toMatchObject({ items: [{ b: 'y' }] });
    const watched = await running.request('GET', `${other}?watch=true&timeoutSeconds=1&fieldSelector=b%3Dx`);
    expect(JSON.parse(watched.text)).toMatchObject({ type: 'ADDED', object: { apiVersion: `${group}/v2`, b: 'x' } });
  });
});
