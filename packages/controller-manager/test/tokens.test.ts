import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { Secret } from '@regatta/api';
import { resources } from '@regatta/client';
import { describe, expect, it } from 'vitest';
import { TokenController } from '../src/serviceaccount/token-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

const tokenSecret = (annotations: Record<string, string>, more: Partial<Secret> = {}): Secret => ({
  metadata: { name: 's', namespace: 'a', annotations },
  type: 'kubernetes.io/service-account-token',
  ...more,
});
const decoded = (text = ''): string => Buffer.from(text, 'base64').toString();

async function started(): Promise<TestCluster> {
  const cluster = new TestCluster();
  const sources = { readKey: async () => key, readRootCa: async () => 'the authority' };
  await cluster.client.resource(resources.serviceAccounts).create({ metadata: { name: 'robot', namespace: 'a' } });
  await cluster.start((context) => new TokenController(context, sources));
  return cluster;
}

describe('tokens in Secrets', () => {
  const found = async (cluster: TestCluster): Promise<Secret | undefined> => (await cluster.list(resources.secrets))[0];

  it('CM-148: a Secret gets the token of the account that it names, signed and without an end', async () => {
    const cluster = await started();
    await cluster.client
      .resource(resources.secrets)
      .create(tokenSecret({ [NAME]: 'robot' }, { data: { own: 'eA==' } }));
    await cluster.settle();
    const secret = await found(cluster);
    const [account] = await cluster.list(resources.serviceAccounts);
    expect(secret?.metadata.annotations).toEqual({ [NAME]: 'robot', [UID]: account?.metadata.uid });
    expect(decoded(secret?.data?.['ca.crt'])).toBe('the authority');
    expect(decoded(secret?.data?.['namespace'])).toBe('a');
    expect(secret?.data?.['own']).toBe('eA==');
    const [header = '', payload = '', signature = ''] = decoded(secret?.data?.['token']).split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': 'a',
      'kubernetes.io/serviceaccount/secret.name': 's',
      'kubernetes.io/serviceaccount/service-account.name': 'robot',
      'kubernetes.io/serviceaccount/service-account.uid': account?.metadata.uid,
      sub: 'system:serviceaccount:a:robot',
    });
    const signed = Buffer.from(`${header}.${payload}`);
    const publicKey = { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it.each([
    ['names nobody', {}],
    ['names an account that is not there', { [NAME]: 'nobody' }],
    ['means another account of the name', { [NAME]: 'robot', [UID]: 'another' }],
  ])('CM-149: a Secret that %s is deleted', async (_what, annotations) => {
    const cluster = await started();
    await cluster.client.resource(resources.secrets).create(tokenSecret(annotations));
    await cluster.settle();
    expect(await found(cluster)).toBeUndefined();
  });

  it('CM-149: a Secret goes with its account, other Secrets stay', async () => {
    const cluster = await started();
    const secrets = cluster.client.resource(resources.secrets);
    await secrets.create(tokenSecret({ [NAME]: 'robot' }));
    await secrets.create({
      metadata: { name: 'other', namespace: 'a', annotations: { [NAME]: 'robot' } },
      type: 'Opaque',
    });
    await cluster.settle();
    await cluster.client.resource(resources.serviceAccounts).delete('robot', { namespace: 'a' });
    await cluster.settle();
    expect((await cluster.list(resources.secrets)).map(({ metadata }) => metadata.name)).toEqual(['other']);
  });
});
