/**
 * What a PKCS #10 request says, and whether it is one (upstream: pkg/apis/certificates/v1/helpers.go ParseCSR and
 * validateCSR of pkg/apis/certificates/validation). The X.509 library is loaded for the first request.
 *
 * Checking a signature means waiting, validation does not wait: so a request is examined first, and what was found is
 * remembered as long as the object lives.
 */
import type { CertificateSigningRequest } from '@regatta/api';

export interface ExaminedRequest {
  /** Why it can't be used, in upstream's words. */
  readonly problem?: string;
  readonly organizations: readonly string[];
}

const PEM = /-----BEGIN ([^-]+)-----\s+([\s\S]*?)-----END \1-----/;
const REQUEST_BLOCK = 'CERTIFICATE REQUEST';

/** What Go's x509 says when a signature does not fit the key, by the algorithm of the key. */
const MISMATCH: Readonly<Record<string, string>> = {
  ECDSA: 'x509: ECDSA verification failure',
  Ed25519: 'x509: Ed25519 verification failure',
};
const RSA_MISMATCH = 'crypto/rsa: verification error';

const examined = new WeakMap<CertificateSigningRequest, ExaminedRequest>();

export async function examineRequest(csr: CertificateSigningRequest): Promise<void> {
  examined.set(csr, await examine(csr.spec?.request ?? ''));
}

/** What examineRequest found. */
export function examinedRequest(csr: CertificateSigningRequest): ExaminedRequest {
  const found = examined.get(csr);
  if (found === undefined) throw new Error('a certificate request was not examined before it was validated');
  return found;
}

/** @param request base64 of PEM */
async function examine(request: string): Promise<ExaminedRequest> {
  const [, type, body] = PEM.exec(Buffer.from(request, 'base64').toString('latin1')) ?? [];
  if (type !== REQUEST_BLOCK || body === undefined) {
    return { problem: `PEM block type must be ${REQUEST_BLOCK}`, organizations: [] };
  }
  const { readPkcs10 } = await import('./pkcs10.ts');
  try {
    const { organizations, algorithm, signatureFits } = await readPkcs10(Buffer.from(body, 'base64'));
    return signatureFits ? { organizations } : { problem: MISMATCH[algorithm] ?? RSA_MISMATCH, organizations };
  } catch {
    return { problem: 'asn1: syntax error: data truncated', organizations: [] };
  }
}
