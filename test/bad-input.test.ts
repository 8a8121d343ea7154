/** What is broken, huge or hostile gets upstream's 4xx Status and changes nothing. */
import fs from 'node:fs';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eventually, TestCluster } from './support/cluster.ts';

interface Answer {
  readonly code: number;
  readonly status: { readonly kind?: string; readonly reason?: string; readonly message?: string };
}

describe('bad input', () => {
  let cluster: TestCluster;
  let agent: https.Agent;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 0 });
    const config = parse(fs.readFileSync(cluster.kubeconfig, 'utf8')) as { users: [{ user: Record<string, string> }] };
    const decode = (data: string | undefined): Buffer => Buffer.from(data ?? '', 'base64');
    const { user } = config.users[0];
    agent = new https.Agent({
      keepAlive: true,
      rejectUnauthorized: false,
      cert: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
    });
  });
  afterAll(async () => {
    agent.destroy();
    await cluster.dispose();
  });

  beforeAll(() =>
    eventually('the controllers have made what they make', async () =>
      JSON.stringify((await send('GET', configMaps)).status).includes('kube-root-ca.crt'),
    ),
  );

  function send(method: string, path: string, body?: string | Buffer, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
      const request = https.request(
        { agent, host: '127.0.0.1', port: cluster.port, method, path, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              code: response.statusCode ?? 0,
              status: text.startsWith('{') ? (JSON.parse(text) as Answer['status']) : { message: text },
            });
          });
        },
      );
      request.on('error', reject).end(body);
    });
  }

  const configMaps = '/api/v1/namespaces/default/configmaps';
  const deep = (levels: number): string =>
    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"deep"},"x":${'['.repeat(levels)}${']'.repeat(levels)}}`;

  it.each([
    ['malformed JSON', 'POST', configMaps, '{not json', 'application/json', 400, 'BadRequest'],
    ['no body', 'POST', configMaps, '', 'application/json', 400, 'BadRequest'],
    ['an array', 'POST', configMaps, '[]', 'application/json', 400, 'BadRequest'],
    [
      'another kind',
      'POST',
      configMaps,
      '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}',
      'application/json',
      400,
      'BadRequest',
    ],
    ['wrong content type', 'POST', configMaps, '{}', 'text/plain', 415, 'UnsupportedMediaType'],
    ['deep nesting', 'POST', configMaps, deep(20_000), 'application/json', 400, 'BadRequest'],
    [
      'a prototype in the data',
      'POST',
      configMaps,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"UPPER","__proto__":{"a":1}}}',
      'application/json',
      422,
      'Invalid',
    ],
    ['a bad label selector', 'GET', `${configMaps}?labelSelector=a%20b%20c`, undefined, '', 400, 'BadRequest'],
    ['a bad field selector', 'GET', `${configMaps}?fieldSelector=nope%3D1`, undefined, '', 400, 'BadRequest'],
    ['a bad limit', 'GET', `${configMaps}?limit=x`, undefined, '', 400, 'BadRequest'],
    ['a bad continue token', 'GET', `${configMaps}?limit=1&continue=xxx`, undefined, '', 400, 'BadRequest'],
    ['a bad resourceVersion', 'GET', `${configMaps}?resourceVersion=abc`, undefined, '', 400, 'BadRequest'],
    ['an unknown resource', 'GET', '/api/v1/namespaces/default/nothings', undefined, '', 404, 'NotFound'],
    ['an unknown group', 'GET', '/apis/nothing.example.com/v1/things', undefined, '', 404, undefined],
    ['a wrong method', 'PUT', configMaps, '{}', 'application/json', 405, 'MethodNotAllowed'],
    [
      'a patch of an unknown type',
      'PATCH',
      `${configMaps}/kube-root-ca.crt`,
      '{}',
      'application/json',
      415,
      'UnsupportedMediaType',
    ],
    [
      'a JSON patch that is none',
      'PATCH',
      `${configMaps}/kube-root-ca.crt`,
      '{"op":1}',
      'application/json-patch+json',
      400,
      'BadRequest',
    ],
    ['a broken escape in the path', 'GET', '/api/v1/namespaces/%zz', undefined, '', 400, undefined],
  ] as const)('BAD-1: %s', async (_what, method, path, body, type, code, reason) => {
    const before = await send('GET', '/api/v1/namespaces/default/configmaps');
    const answer = await send(method, path, body, type);
    expect(answer.code, JSON.stringify(answer.status)).toBe(code);
    if (reason !== undefined) expect(answer.status).toMatchObject({ kind: 'Status', status: 'Failure', reason, code });
    expect(JSON.stringify((await send('GET', '/api/v1/namespaces/default/configmaps')).status)).toContain(
      'kube-root-ca.crt',
    );
    expect((before.status as { items?: unknown[] }).items).toEqual(
      ((await send('GET', '/api/v1/namespaces/default/configmaps')).status as { items?: unknown[] }).items,
    );
  });

  it('BAD-2: a body above 3 MiB is refused with 413, and the server goes on', async () => {
    const answer = await send('POST', configMaps, Buffer.alloc(4 * 1024 * 1024, 'x')).catch((error: Error) => ({
      code: 413,
      status: { message: error.message },
    }));
    expect(answer.code).toBe(413);
    expect((await send('GET', '/readyz')).code).toBe(200);
  });

  it('BAD-3: a stale resourceVersion is a conflict and changes nothing', async () => {
    await send(
      'POST',
      configMaps,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"stale"},"data":{"a":"1"}}',
    );
    const answer = await send(
      'PUT',
      `${configMaps}/stale`,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"stale","resourceVersion":"1"},"data":{"a":"2"}}',
    );
    expect(answer.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "stale": the object has been modified; please apply your changes to the latest version and try again',
    });
    expect((await send('GET', `${configMaps}/stale`)).status).toMatchObject({ data: { a: '1' } });
  });

  it('BAD-4: keys named like prototypes are data', async () => {
    const answer = await send(
      'POST',
      configMaps,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto","labels":{"constructor":"y"}},"data":{"__proto__":"1","toString":"2"}}',
    );
    expect(answer.code, JSON.stringify(answer.status)).toBe(201);
    expect(Object.keys({})).toEqual([]);
    expect(JSON.stringify((await send('GET', `${configMaps}/proto`)).status)).toContain(
      '"data":{"__proto__":"1","toString":"2"}',
    );
  });

  it('BAD-5: somebody without credentials may ask for health and version only', async () => {
    const anonymous = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        https
          .get({ host: '127.0.0.1', port: cluster.port, path, rejectUnauthorized: false, agent: false }, (response) =>
            resolve(response.resume().statusCode ?? 0),
          )
          .on('error', reject);
      });
    expect(await anonymous('/readyz')).toBe(200);
    expect(await anonymous('/version')).toBe(200);
    expect(await anonymous('/api/v1/namespaces/default/secrets')).toBe(403);
  });
});
