import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { FakeClock } from '@regatta/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ensurePki, kubeconfig, type Pki, PkiError, RENEWAL_MS, writeKubeconfig } from '../../src/pki/mod.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;

describe('pki', () => {
  let dataDir: string;
  let clock: FakeClock;
  const load = (more: { hostnames?: string[] } = {}): Promise<Pki> =>
    ensurePki(dataDir, { advertiseAddress: '192.168.49.1', clock, ...more });

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'regatta-pki-'));
    clock = new FakeClock(Date.now());
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('PKI-1: the first start makes the whole folder, private to its owner', async () => {
    await load();
    const files = (await readdir(join(dataDir, 'pki'))).sort();
    expect(files).toEqual([
      'admin.crt',
      'admin.key',
      'apiserver.crt',
      'apiserver.key',
      'ca.crt',
      'ca.key',
      'front-proxy-ca.crt',
      'front-proxy-ca.key',
      'front-proxy-client.crt',
      'front-proxy-client.key',
      'sa.key',
      'sa.pub',
    ]);
    expect((await stat(join(dataDir, 'pki'))).mode & 0o777).toBe(0o700);
    for (const file of files) expect((await stat(join(dataDir, 'pki', file))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['pki']);
  });

  it('PKI-1: a first start that was killed half-way leaves nothing behind', async () => {
    const left = join(dataDir, 'pki.0123456789ab.tmp');
    await mkdir(left);
    await writeFile(join(left, 'ca.key'), 'half');
    await load();
    expect(await readdir(dataDir)).toEqual(['pki']);
  });

  it('PKI-2: later starts load what is there', async () => {
    expect(await load()).toEqual(await load());
  });

  it('PKI-2: a leaf that ends soon is issued again by the same authority', async () => {
    const first = await load();
    await clock.advance(YEAR_MS - RENEWAL_MS - 60_000);
    expect((await load()).serving).toEqual(first.serving);
    await clock.advance(120_000);
    const later = await load();
    expect(later.ca).toEqual(first.ca);
    expect(later.serviceAccountKey).toBe(first.serviceAccountKey);
    expect(later.serving.certificate).not.toBe(first.serving.certificate);
    expect(later.admin.certificate).not.toBe(first.admin.certificate);
    expect(await load()).toEqual(later);
  });

  it.each([
    ['is missing', (path: string) => rm(path)],
    ['is cut off', async (path: string) => writeFile(path, (await readFile(path, 'utf8')).slice(0, 100))],
    ['belongs to another key', async (path: string) => writeFile(path, await readFile(join(path, '..', 'admin.crt')))],
  ])('PKI-2: a serving certificate that %s is issued again', async (_what, damage) => {
    const first = await load();
    await damage(join(dataDir, 'pki', 'apiserver.crt'));
    const later = await load();
    expect(later.ca).toEqual(first.ca);
    expect(later.serving.certificate).not.toBe(first.serving.certificate);
    expect(new X509Certificate(later.serving.certificate).checkIssued(new X509Certificate(first.ca.certificate))).toBe(
      true,
    );
  });

  it('PKI-2: new host names make a new serving certificate', async () => {
    const first = await load();
    const later = await load({ hostnames: ['cluster.example', '10.1.2.3'] });
    expect(later.serving.certificate).not.toBe(first.serving.certificate);
    const certificate = new X509Certificate(later.serving.certificate);
    expect(certificate.checkHost('cluster.example')).toBe('cluster.example');
    expect(certificate.checkIP('10.1.2.3')).toBe('10.1.2.3');
  });

  it('PKI-4: names that no certificate can hold are left out', async () => {
    const first = await load({ hostnames: ['Käse', 'under_score', 'x'.repeat(300), ''] });
    expect(new X509Certificate(first.serving.certificate).checkHost('under_score')).toBe('under_score');
    expect(await load({ hostnames: ['Käse', 'under_score', 'x'.repeat(300), ''] })).toEqual(first);
  });

  it.each(['ca.key', 'ca.crt', 'front-proxy-ca.crt', 'sa.key'])(
    'PKI-3: a damaged %s is told, not replaced',
    async (file) => {
      await load();
      await writeFile(join(dataDir, 'pki', file), 'nonsense');
      await expect(load()).rejects.toBeInstanceOf(PkiError);
      await expect(load()).rejects.toMatchObject({ code: 'pki' });
    },
  );

  it.each(['ca.key', 'ca.crt', 'sa.key'])('PKI-3: a missing %s is told', async (file) => {
    await load();
    await rm(join(dataDir, 'pki', file));
    await expect(load()).rejects.toThrow(join(dataDir, 'pki', file === 'sa.key' ? file : 'ca.crt'));
  });

  it('PKI-4: the serving certificate has the names of the API', async () => {
    const { serving, ca } = await load();
    const certificate = new X509Certificate(serving.certificate);
    expect(certificate.subject).toBe('CN=kube-apiserver');
    const base = 'kubernetes.default';
    for (const name of ['kubernetes', base, `${base}.svc`, `${base}.svc.cluster.local`, 'localhost']) {
      expect(certificate.checkHost(name)).toBe(name);
    }
    for (const address of ['127.0.0.1', '::1', '10.96.0.1', '192.168.49.1']) {
      expect(certificate.checkIP(address)).toBe(address);
    }
    expect(new X509Certificate(ca.certificate).ca).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('PKI-4: a TLS server and a client made of it trust each other', async () => {
    const { serving, admin, ca } = await load();
    const server = createServer(
      { cert: serving.certificate, key: serving.key, ca: ca.certificate, requestCert: true, rejectUnauthorized: true },
      (incoming, answer) => {
        const { subject } = (incoming.socket as TLSSocket).getPeerCertificate();
        answer.end(JSON.stringify(subject));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const body = await new Promise<string>((resolve, reject) => {
      request(
        { host: '127.0.0.1', port, ca: ca.certificate, cert: admin.certificate, key: admin.key, agent: false },
        (answer) => answer.setEncoding('utf8').on('data', resolve),
      )
        .on('error', reject)
        .end();
    });
    await new Promise((resolve) => server.close(resolve));
    expect(JSON.parse(body)).toEqual({ CN: 'kubernetes-admin', O: 'system:masters' });
  });

  it('PKI-5: the kubeconfig holds everything and is private', async () => {
    const pki = await load();
    const path = join(dataDir, 'kubeconfig');
    await writeKubeconfig(path, pki, { server: 'https://127.0.0.1:6443', name: 'my "cluster"' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = await readFile(path, 'utf8');
    expect(text).toBe(kubeconfig(pki, { server: 'https://127.0.0.1:6443', name: 'my "cluster"' }));
    expect(parse(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      preferences: {},
      'current-context': 'my "cluster"',
      clusters: [
        {
          name: 'my "cluster"',
          cluster: {
            server: 'https://127.0.0.1:6443',
            'certificate-authority-data': Buffer.from(pki.ca.certificate).toString('base64'),
          },
        },
      ],
      contexts: [{ name: 'my "cluster"', context: { cluster: 'my "cluster"', user: 'my "cluster"-admin' } }],
      users: [
        {
          name: 'my "cluster"-admin',
          user: {
            'client-certificate-data': Buffer.from(pki.admin.certificate).toString('base64'),
            'client-key-data': Buffer.from(pki.admin.key).toString('base64'),
          },
        },
      ],
    });
  });

  it('PKI-5: the context is called regatta unless told', async () => {
    expect(parse(kubeconfig(await load(), { server: 'https://127.0.0.1:1' }))).toMatchObject({
      'current-context': 'regatta',
    });
  });
});
