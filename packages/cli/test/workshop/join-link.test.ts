/** The line that lets a guest in, and whom it believes. */
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { linkText, pinOf, readLink } from '../../src/workshop/join-link.ts';
import { pinnedServer } from '../../src/workshop/pinned-server.ts';

const LINK = {
  url: 'https://192.168.1.10:6443',
  name: 'alice',
  secret: 's'.repeat(43),
  pin: 'p'.repeat(43),
};

describe('a join link', () => {
  it('WS-2: reads what it says; the secret is in no URL that is sent', () => {
    const text = linkText(LINK);
    expect(readLink(text)).toEqual(LINK);
    expect(new URL(text).pathname + new URL(text).search).toBe('/');
  });

  it.each([
    '',
    'alice',
    'https://192.168.1.10:6443',
    'http://h#a.b.c',
    `${linkText(LINK)}.x`,
    linkText({ ...LINK, name: '../a' }),
  ])('WS-2: %j is none', (text) => {
    expect(() => readLink(text)).toThrow('This is no join link');
  });

  it('WS-2: who answers without the key of the link is not believed', async () => {
    const { certificate, key } = await authority();
    const server = https.createServer({ cert: certificate, key }, (_request, answer) => answer.end(certificate));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const pin = pinOf(certificate) ?? '';
      expect(await pinnedServer(url, pin)).toEqual({ ca: certificate, serverName: 'kubernetes' });
      await expect(pinnedServer(url, 'x'.repeat(43))).rejects.toThrow('is not the cluster of this link');
    } finally {
      server.close();
    }
    await expect(pinnedServer(url, 'x'.repeat(43))).rejects.toThrow("can't be reached");
  });
});

/** A certificate that names nobody. */
async function authority(): Promise<{ certificate: string; key: string }> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    signingAlgorithm: algorithm,
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certificate: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}
