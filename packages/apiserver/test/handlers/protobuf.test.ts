/** Protobuf as clients speak it: Accept and Content-Type, whole answers, lists, watches, errors. */
import https from 'node:https';
import { loadProtobuf, PROTOBUF, Schema } from '@regatta/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, runServer } from '../running-server.ts';

const codec = await loadProtobuf(Schema.load());
const MAPS = '/api/v1/namespaces/default/configmaps';

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
});
afterAll(() => running.stop());

interface Raw {
  readonly code: number;
  readonly type: string | undefined;
  readonly body: Buffer;
}

/** @param frames ends the request when so many bytes came */
function ask(
  method: string,
  path: string,
  accept: string,
  body?: Buffer,
  bytes = Number.POSITIVE_INFINITY,
): Promise<Raw> {
  const { admin, ca } = running.server.pki;
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        ...{ host: '127.0.0.1', port: running.server.port, method, path },
        ...{ ca: ca.certificate, cert: admin.certificate, key: admin.key },
        headers: { accept, ...(body ? { 'content-type': PROTOBUF, 'content-length': body.length } : {}) },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        const done = (): void =>
          resolve({
            code: answer.statusCode ?? 0,
            type: answer.headers['content-type'],
            body: Buffer.concat(chunks),
          });
        answer.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if (Buffer.concat(chunks).length < bytes) return;
          done();
          request.destroy();
        });
        answer.on('end', done);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

describe('protobuf over HTTPS', () => {
  it('PB-10: an object is written, answered, read and listed in protobuf, and is the same in JSON', async () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } };
    const sent = codec.encode(configMap);
    const created = await ask('POST', MAPS, PROTOBUF, sent);
    expect(created).toMatchObject({ code: 201, type: PROTOBUF });
    const json = await running.json('GET', `${MAPS}/a`);
    expect(codec.decode(created.body)).toEqual(json);
    expect(codec.decode((await ask('GET', `${MAPS}/a`, PROTOBUF)).body)).toEqual(json);
    const list = await ask('GET', MAPS, `${PROTOBUF},application/json`);
    expect(list.type).toBe(PROTOBUF);
    expect(codec.decode(list.body)).toEqual(await running.json('GET', MAPS));
  });

  it('PB-11: every kind that has objects at first is the same in both encodings', async () => {
    const kinds = [
      '/api/v1/namespaces',
      '/api/v1/services',
      '/api/v1/endpoints',
      '/apis/discovery.k8s.io/v1/endpointslices',
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      '/apis/scheduling.k8s.io/v1/priorityclasses',
    ];
    for (const path of kinds) {
      const json = await running.json('GET', path);
      expect((json['items'] as unknown[]).length, path).toBeGreaterThan(0);
      expect(codec.decode((await ask('GET', path, PROTOBUF)).body), path).toEqual(json);
    }
  });

  it('PB-12: metadata alone has a message, tables have none: 406', async () => {
    const partial = await ask('GET', `${MAPS}/a`, `${PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`);
    expect(codec.decode(partial.body)).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    for (const version of ['v1', 'v1beta1']) {
      const many = await ask('GET', MAPS, `${PROTOBUF};as=PartialObjectMetadataList;v=${version};g=meta.k8s.io`);
      expect(codec.decode(many.body)).toMatchObject({
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${version}`,
        items: [{ metadata: { name: 'a' } }],
      });
      const one = await ask('GET', `${MAPS}/a`, `${PROTOBUF};as=PartialObjectMetadata;v=${version};g=meta.k8s.io`);
      expect(codec.decode(one.body)).toMatchObject({ apiVersion: `meta.k8s.io/${version}`, metadata: { name: 'a' } });
    }
    const table = `${PROTOBUF};as=Table;v=v1;g=meta.k8s.io`;
    expect(await ask('GET', MAPS, table)).toMatchObject({ code: 406, type: 'application/json' });
    expect(await ask('GET', MAPS, `${table},application/json`)).toMatchObject({ code: 200, type: 'application/json' });
  });

  it('PB-13: a watch is a stream of framed events', async () => {
    const { type, body } = await ask('GET', `${MAPS}?watch=1`, PROTOBUF, undefined, 100);
    expect(type).toBe(`${PROTOBUF};stream=watch`);
    const frame = body.subarray(4, 4 + body.readUInt32BE(0));
    const object = codec.decode(frame.subarray(frame.indexOf(Buffer.from('6b387300', 'hex'))));
    expect(object).toEqual(await running.json('GET', `${MAPS}/a`));
  });

  it('PB-14: errors come in the encoding that is accepted, JSON for whoever accepts nothing of ours', async () => {
    const missing = await ask('GET', `${MAPS}/missing`, PROTOBUF);
    expect(missing).toMatchObject({ code: 404, type: PROTOBUF });
    expect(codec.decode(missing.body)).toEqual(await running.json('GET', `${MAPS}/missing`));
    const yaml = await running.request('GET', `${MAPS}/missing`, { accept: 'application/yaml' });
    expect(yaml.text).toContain('reason: NotFound');
    const odd = await running.request('GET', `${MAPS}/missing`, { accept: 'image/png' });
    expect(JSON.parse(odd.text)).toMatchObject({ code: 406 });
  });

  it('PB-15: discovery speaks protobuf', async () => {
    const groups = codec.decode((await ask('GET', '/apis', PROTOBUF)).body);
    expect(groups).toEqual(await running.json('GET', '/apis'));
    const aggregated = `${PROTOBUF};as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io`;
    const all = await ask('GET', '/apis', aggregated);
    const json = await running.json('GET', '/apis', { accept: aggregated.replace(PROTOBUF, 'application/json') });
    // Go's zero time is null in JSON, and nothing in protobuf.
    const withoutNulls = JSON.parse(JSON.stringify(json, (_, value) => value ?? undefined));
    expect(codec.decode(all.body)).toEqual(withoutNulls);
  });
});
