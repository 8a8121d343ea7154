/**
 * Makes keys and certificates. The only file that needs the X.509 library, which takes most of a tenth of a second to
 * load: so this file is imported when something must be made (see pki.ts), never on an ordinary start.
 *
 * Subjects, usages and lifetimes are kubeadm's (upstream: cmd/kubeadm/app/util/pkiutil, cmd/kubeadm/app/phases/certs).
 */
import 'reflect-metadata'; // the X.509 library needs it first
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from './key-pair.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;
/** Certificates are valid a little before they were made: clocks differ. */
const BACKDATE_MS = 5 * 60 * 1000;
export const CA_LIFETIME_MS = 10 * YEAR_MS;
export const LEAF_LIFETIME_MS = YEAR_MS;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface LeafRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
}

/** A new P-256 private key as PKCS #8 PEM. */
export function generateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * A self-signed authority of its own.
 * @param now milliseconds since the epoch
 */
export async function createAuthority(commonName: string, now: number): Promise<KeyPair> {
  const key = generateKey();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: new x509.Name([{ CN: [commonName] }]),
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + CA_LIFETIME_MS),
    signingAlgorithm: ALGORITHM,
    keys: await importKeys(key),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.keyCertSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create((await importKeys(key)).publicKey),
    ],
  });
  return { certificate: pem(certificate), key };
}

/** A certificate with a new key, signed by `authority`. */
export async function issueCertificate(authority: KeyPair, request: LeafRequest, now: number): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const signer = await importKeys(authority.key);
  const key = generateKey();
  const subject = [...(request.organizations ?? []).map((o) => ({ O: [o] })), { CN: [request.commonName] }];
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new x509.Name(subject),
    issuer: issuer.subjectName,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(Math.min(now + LEAF_LIFETIME_MS, issuer.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: (await importKeys(key)).publicKey,
    signingKey: signer.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(
        request.usages.map((usage) =>
          usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
        ),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certificate: pem(certificate), key };
}

async function importKeys(key: string): Promise<webcrypto.CryptoKeyPair> {
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('jwk', createPrivateKey(key).export({ format: 'jwk' }), ALGORITHM, true, ['sign']),
    webcrypto.subtle.importKey('jwk', createPublicKey(key).export({ format: 'jwk' }), ALGORITHM, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}

/** Positive and never zero: the first bit is cleared, the second set. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function pem(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem')}\n`;
}
