/**
 * Signs certificate requests with the cluster's authority (pkg/controller/certificates/authority/{authority,policies}.go).
 * The X.509 library is loaded with the first request.
 */
import 'reflect-metadata'; // the X.509 library needs it first
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** PEM. */
export interface SigningKeys {
  readonly certificate: string;
  readonly key: string;
}

const BACKDATE_MS = 5 * 60 * 1000;
/** The longest that a certificate lives (--cluster-signing-duration). */
const LONGEST_MS = 365 * 24 * 3600 * 1000;
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
  signing: x509.KeyUsageFlags.digitalSignature,
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'cert sign': x509.KeyUsageFlags.keyCertSign,
  'crl sign': x509.KeyUsageFlags.cRLSign,
  'encipher only': x509.KeyUsageFlags.encipherOnly,
  'decipher only': x509.KeyUsageFlags.decipherOnly,
};

const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': x509.ExtendedKeyUsage.serverAuth,
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'code signing': x509.ExtendedKeyUsage.codeSigning,
  'email protection': x509.ExtendedKeyUsage.emailProtection,
  's/mime': x509.ExtendedKeyUsage.emailProtection,
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: x509.ExtendedKeyUsage.timeStamping,
  'ocsp signing': x509.ExtendedKeyUsage.ocspSigning,
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

/** @param request PEM. @throws Error for what is none */
export function readRequest(request: string): x509.Pkcs10CertificateRequest {
  return new x509.Pkcs10CertificateRequest(request);
}

/**
 * @param now milliseconds since the epoch
 * @param lifetime milliseconds that were asked for
 * @returns PEM
 */
export async function sign(
  keys: SigningKeys,
  request: x509.Pkcs10CertificateRequest,
  usages: readonly string[],
  now: number,
  lifetime = LONGEST_MS,
): Promise<string> {
  const issuer = new x509.X509Certificate(keys.certificate);
  const names = request.getExtension(SUBJECT_ALTERNATIVE_NAME);
  const flags = usages.reduce((all, usage) => all | (KEY_USAGES[usage] ?? 0), 0);
  const purposes = [...new Set(usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []))];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subjectName,
    issuer: issuer.subjectName,
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(Math.min(now - BACKDATE_MS + Math.min(lifetime, LONGEST_MS), issuer.notAfter.getTime())),
    signingAlgorithm: ALGORITHM,
    publicKey: request.publicKey,
    signingKey: await signingKey(keys.key),
    extensions: [
      ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
      ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(purposes)]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
      ...(names ? [names] : []),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function signingKey(key: string): Promise<webcrypto.CryptoKey> {
  const jwk = createPrivateKey(key).export({ format: 'jwk' });
  if (createPublicKey(key).asymmetricKeyType !== 'ec') throw new Error('the signing key is not an elliptic curve key');
  return webcrypto.subtle.importKey('jwk', jwk, ALGORITHM, false, ['sign']);
}

/** Positive and never zero: the first bit is cleared, the second set. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
