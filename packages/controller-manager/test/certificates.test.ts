import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { CertificateSigningRequest } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { CertificateApprovingController } from '../src/certificates/approving-controller.ts';
import type { SigningKeys } from '../src/certificates/authority.ts';
import { CertificateCleaningController } from '../src/certificates/cleaning-controller.ts';
import { CertificateSigningController } from '../src/certificates/signing-controller.ts';
import { TestCluster } from './support/test-cluster.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const CLIENT = 'kubernetes.io/kube-apiserver-client';
let keys: SigningKeys;

const keyPair = () =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

async function authority(): Promise<SigningKeys> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const jwk = { ...privateKey.export({ format: 'jwk' }) };
  const pair = {
    privateKey: await webcrypto.subtle.importKey('jwk', jwk, ALGORITHM, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('jwk', publicKey.export({ format: 'jwk' }), ALGORITHM, true, [
      'verify',
    ]),
  };
  const name = 'CN=test-ca';
  const options = {
    serialNumber: '01',
    name,
    keys: pair,
    signingAlgorithm: ALGORITHM,
    notAfter: new Date('2100-01-01'),
  };
  return { key, certificate: (await x509.X509CertificateGenerator.createSelfSigned(options)).toString('pem') };
}

async function csr(name: string, subject: string, spec: object): Promise<CertificateSigningRequest> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys: await keyPair(),
    signingAlgorithm: ALGORITHM,
  });
  const text = Buffer.from(request.toString('pem')).toString('base64');
  return { metadata: { name }, spec: { request: text, ...spec } } as CertificateSigningRequest;
}

const approved = { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: '2026-01-01T00:00:00Z' }] };

async function found(cluster: TestCluster): Promise<CertificateSigningRequest | undefined> {
  return (await cluster.list(resources.certificateSigningRequests))[0];
}

describe('certificate requests', () => {
  beforeAll(async () => {
    keys = await authority();
  });

  it('CM-150: an approved request of our own signers is signed with the cluster authority', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new CertificateSigningController(context, async () => keys));
    const spec = { signerName: CLIENT, usages: ['client auth', 'digital signature'], expirationSeconds: 3600 };
    await cluster.create(resources.certificateSigningRequests, await csr('ann', 'CN=ann,O=dev', spec));
    expect((await found(cluster))?.status?.certificate).toBeUndefined();
    await cluster.change(resources.certificateSigningRequests, 'ann', (old) => ({ ...old, status: approved }));
    await expect.poll(async () => (await found(cluster))?.status?.certificate).toBeDefined();
    const pem = Buffer.from((await found(cluster))?.status?.certificate ?? '', 'base64');
    const certificate = new X509Certificate(pem);
    expect(certificate.subject.split('\n').sort()).toEqual(['CN=ann', 'O=dev']);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.verify(createPublicKey(keys.certificate))).toBe(true);
    const life = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    expect(life).toBe(3600_000);
  });

  it('CM-151: a request that is none for its signer fails, and says why', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new CertificateSigningController(context, async () => keys));
    const asked = await csr('bob', 'CN=bob', { signerName: CLIENT, usages: ['server auth'] });
    await cluster.create(resources.certificateSigningRequests, { ...asked, status: approved });
    await expect
      .poll(async () => (await found(cluster))?.status?.conditions?.[1])
      .toMatchObject({
        type: 'Failed',
        reason: 'SignerValidationFailure',
        message: 'invalid usage for client certificate: server auth',
      });
  });

  it("CM-152: other signers' requests are left alone", async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new CertificateSigningController(context, async () => keys));
    const asked = await csr('c', 'CN=c', { signerName: 'example.com/s', usages: ['client auth'] });
    await cluster.create(resources.certificateSigningRequests, { ...asked, status: approved });
    await cluster.settle();
    expect((await found(cluster))?.status).toEqual(approved);
  });

  it("CM-153: a kubelet's client certificate is approved for whoever has the right to it", async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new CertificateApprovingController(context));
    const spec = {
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['client auth', 'digital signature'],
      username: 'system:node:n1',
    };
    await cluster.create(
      resources.certificateSigningRequests,
      await csr('n1', 'CN=system:node:n1,O=system:nodes', spec),
    );
    await expect
      .poll(() => cluster.api.memory.requests.some(({ url }) => url.includes('subjectaccessreviews')))
      .toBe(true);
  });

  it('CM-154: nobody answered for a day, or an hour ago: it is removed', async () => {
    const cluster = new TestCluster();
    await cluster.start((context) => new CertificateCleaningController(context));
    const spec = { signerName: 'example.com/s', usages: ['client auth'] };
    await cluster.create(resources.certificateSigningRequests, await csr('old', 'CN=old', spec));
    await cluster.advance(23 * 3600_000, 3600_000);
    expect(await found(cluster)).toBeDefined();
    await cluster.advance(3 * 3600_000, 3600_000);
    expect(await found(cluster)).toBeUndefined();
  });
});
