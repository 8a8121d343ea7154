import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, runServer } from '../running-server.ts';

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const CLIENT = 'kubernetes.io/kube-apiserver-client';
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

async function request(subject: string, signingAlgorithm: typeof EC | typeof RSA = EC): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(signingAlgorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const made = await Pkcs10CertificateRequestGenerator.create({ name: subject, keys, signingAlgorithm });
  return made.toString('pem');
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const csr = (name: string, pem: string, spec: object = {}) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: { request: base64(pem), signerName: CLIENT, usages: ['client auth'], ...spec },
});

/** The same request with another signature. */
function forged(pem: string): string {
  const lines = pem.trim().split('\n');
  const der = Buffer.from(lines.slice(1, -1).join(''), 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return [lines[0], der.toString('base64'), lines.at(-1)].join('\n');
}

describe('certificate requests', () => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await runServer();
  });
  afterAll(() => running.stop());

  it('KIND-30: takes any key, and writes down who asks', async () => {
    for (const algorithm of [EC, RSA]) {
      const body = csr(`ann-${algorithm.name.toLowerCase()}`, await request('CN=ann,O=dev', algorithm));
      const made = await running.json('POST', PATH, { body });
      expect(made).toMatchObject({
        spec: { username: 'kubernetes-admin', groups: expect.arrayContaining(['system:masters']) },
      });
    }
  });

  it('KIND-30: refuses a signature that does not fit the key', async () => {
    const refused = await running.json('POST', PATH, { body: csr('mallory', forged(await request('CN=mallory'))) });
    expect(refused).toMatchObject({ code: 422, message: expect.stringContaining('x509: ECDSA verification failure') });
  });

  it('ADM-25: nobody asks to be one of system:masters', async () => {
    const refused = await running.json('POST', PATH, { body: csr('root', await request('CN=root,O=system:masters')) });
    expect(refused).toMatchObject({
      code: 403,
      message: `certificatesigningrequests.certificates.k8s.io "root" is forbidden: use of ${CLIENT} signer with system:masters group is not allowed`,
    });
  });

  it('KIND-31: /approval changes the answer and nothing else; it stays', async () => {
    const body = csr('bob', await request('CN=bob'));
    const made = (await running.json('POST', PATH, { body })) as ReturnType<typeof csr>;
    const answered = (type: string) => ({ conditions: [{ type, status: 'True', reason: 'Test', message: '' }] });
    const plain = await running.json('PUT', `${PATH}/bob/status`, { body: { ...made, status: answered('Approved') } });
    expect(plain).toMatchObject({
      code: 422,
      message: expect.stringContaining('updates may not add a condition of type "Approved"'),
    });
    const yes = await running.json('PUT', `${PATH}/bob/approval`, {
      body: { ...made, spec: { ...made.spec, usages: ['any'] }, status: answered('Approved') },
    });
    expect(yes).toMatchObject({
      spec: { usages: ['client auth'] },
      status: {
        conditions: [{ type: 'Approved', lastUpdateTime: expect.any(String), lastTransitionTime: expect.any(String) }],
      },
    });
    const no = await running.json('PUT', `${PATH}/bob/approval`, { body: { ...yes, status: answered('Denied') } });
    expect(no).toMatchObject({
      code: 422,
      message: expect.stringContaining('updates may not remove a condition of type "Approved"'),
    });
  });
});

describe('RuntimeClass', () => {
  let running: RunningServer;
  const pod = (name: string, spec: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  });
  const create = (body: object) => running.json('POST', '/api/v1/namespaces/default/pods', { body });

  beforeAll(async () => {
    running = await runServer();
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
    await running.json('POST', '/api/v1/namespaces/default/serviceaccounts', { body: account });
    const body = {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'vm' },
      handler: 'vm',
      overhead: { podFixed: { memory: '64Mi' } },
      scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
    };
    await running.json('POST', '/apis/node.k8s.io/v1/runtimeclasses', { body });
  });
  afterAll(() => running.stop());

  it('ADM-23: a Pod takes what its class says', async () => {
    const made = await create(pod('a', { runtimeClassName: 'vm', nodeSelector: { disk: 'ssd' } }));
    expect(made).toMatchObject({
      spec: {
        overhead: { memory: '64Mi' },
        nodeSelector: { disk: 'ssd', vm: 'yes' },
        tolerations: expect.arrayContaining([{ key: 'vm', operator: 'Exists' }]),
      },
    });
  });

  it('ADM-23: an unknown class, a contradiction and an overhead of its own are refused', async () => {
    const refusals: readonly (readonly [object, string])[] = [
      [{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
      [
        { runtimeClassName: 'vm', nodeSelector: { vm: 'no' } },
        'conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
      ],
      [
        { runtimeClassName: 'vm', overhead: { memory: '1Mi' } },
        "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
      ],
      [
        { overhead: { memory: '1Mi' } },
        'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      ],
    ];
    for (const [spec, why] of refusals) {
      expect(await create(pod('b', spec))).toMatchObject({ code: 403, message: `pods "b" is forbidden: ${why}` });
    }
  });
});
