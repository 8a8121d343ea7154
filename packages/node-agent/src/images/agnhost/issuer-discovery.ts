/**
 * agnhost test-service-account-issuer-discovery: finds the issuer of a mounted token by OpenID discovery and verifies the
 * token with its keys, as any third party could (upstream: test/images/agnhost/openidmetadata; what is checked, in whose
 * words: coreos/go-oidc).
 *
 * The attempt without the Pod's credentials, which upstream makes when this one fails, has nobody to ask here: no
 * container reaches a server outside of the cluster.
 */
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { logLine } from './go-server.ts';
import { goError } from './http-get.ts';
import { askInCluster } from './in-cluster.ts';

/** Go's log.Fatal. */
const FATAL = 1;
const ALGORITHMS = ['RS256', 'ES256'];

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti: string;
  readonly own: {
    readonly namespace?: string;
    readonly serviceaccount?: { readonly name?: string; readonly uid?: string };
  };
}

/** What is wrong with the token, its issuer or its keys. */
export class VerificationError extends Error {
  readonly code = 'verification';
}

export async function testIssuerDiscovery(process: ProcessContext): Promise<number> {
  const flags = parseFlags(process.argv.slice(2));
  await process.prepareFiles();
  const path = flags.text('token-path', '');
  const files = process.fileSystem();
  if (!files.exists(path)) return fatal(process, `open ${path}: no such file or directory`);
  const token = Buffer.from(files.readFile(path)).toString();
  logLine(process, 'OK: Got token');
  logLine(process, 'validating with in-cluster discovery');
  try {
    await validate(process, token, flags.text('audience', ''));
    return 0;
  } catch (error) {
    if (process.killed.aborted) throw error;
    const reason = error instanceof VerificationError ? error.message : goError(error, 'tcp', 'kubernetes.default.svc');
    return fatal(process, `failed to validate with in-cluster discovery: ${reason}`);
  }
}

function fatal(process: ProcessContext, text: string): number {
  logLine(process, text);
  return FATAL;
}

async function validate(process: ProcessContext, token: string, audience: string): Promise<void> {
  const claims = claimsOf(token);
  logLine(process, `OK: got issuer ${claims.iss}`);
  logLine(process, `Full, not-validated claims: \n${goClaims(claims)}`);
  const keySet = await discover(process, claims.iss);
  logLine(process, `OK: Constructed OIDC provider for issuer ${claims.iss}`);
  checkClaims(claims, audience, process.clock.now());
  await checkSignature(token, async () => (await fetchJson(process, keySet))['keys']);
  logLine(process, 'OK: Validated signature on JWT');
  logLine(process, 'OK: Got valid claims from token!');
  logLine(process, `Full, validated claims: \n&${goClaims(claims)}`);
}

/** Where the issuer's keys are. @throws VerificationError */
async function discover(process: ProcessContext, issuer: string): Promise<string> {
  const document = await fetchJson(process, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (document['issuer'] !== issuer) {
    const got = JSON.stringify(document['issuer'] ?? '');
    const expected = JSON.stringify(issuer);
    throw new VerificationError(
      `oidc: issuer URL provided to client (${expected}) did not match the issuer URL returned by provider (${got})`,
    );
  }
  return String(document['jwks_uri'] ?? '');
}

async function fetchJson(process: ProcessContext, url: string): Promise<Readonly<Record<string, unknown>>> {
  const { status, statusText, body } = await askInCluster(process, url, { accept: '*/*' });
  if (status !== 200) throw new VerificationError(`${statusText}: ${body}`);
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new VerificationError(`oidc: failed to decode provider discovery object: ${body}`, { cause: error });
  }
}

/** @param now epoch milliseconds. @throws VerificationError */
function checkClaims({ aud, exp, nbf }: Claims, audience: string, now: number): void {
  if (!aud.includes(audience)) {
    const got = aud.map((each) => JSON.stringify(each)).join(' ');
    throw new VerificationError(`oidc: expected audience ${JSON.stringify(audience)} got [${got}]`);
  }
  const instant = (seconds: number): string =>
    new Date(seconds * 1000).toISOString().replace('T', ' ').replace(/\..*$/, ' +0000 UTC');
  if (exp * 1000 < now) throw new VerificationError(`oidc: token is expired (Token Expiry: ${instant(exp)})`);
  if (nbf * 1000 > now + LEEWAY_MS) {
    const at = instant(now / 1000);
    throw new VerificationError(`oidc: current time ${at} before the nbf (not before) time: ${instant(nbf)}`);
  }
}

/** Clocks may differ by this much. */
const LEEWAY_MS = 5 * 60_000;

/** @throws VerificationError */
export async function checkSignature(token: string, keys: () => Promise<unknown>): Promise<void> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { alg, kid } = decoded(header);
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) {
    const expected = ALGORITHMS.map((name) => JSON.stringify(name)).join(' ');
    throw new VerificationError(
      `oidc: malformed jwt: unexpected signature algorithm ${JSON.stringify(alg)}; expected [${expected}]`,
    );
  }
  const signed = Buffer.from(`${header}.${payload}`);
  const found = await keys();
  for (const jwk of Array.isArray(found) ? found : []) {
    if (kid !== undefined && jwk.kid !== kid) continue;
    if (isSigned(signed, Buffer.from(signature, 'base64url'), alg, jwk)) return;
  }
  throw new VerificationError('failed to verify signature: failed to verify id token signature');
}

function isSigned(signed: Uint8Array, signature: Uint8Array, alg: string, jwk: JsonWebKey): boolean {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return false; // a key of a kind that isn't known verifies nothing
  }
  if (key.asymmetricKeyType !== (alg === 'ES256' ? 'ec' : 'rsa')) return false;
  return verify('sha256', signed, alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key, signature);
}

/** @throws VerificationError */
function claimsOf(token: string): Claims {
  const parts = token.split('.');
  if (parts.length !== 3) throw new VerificationError('go-jose/go-jose: compact JWS format must have three parts');
  const { iss, sub, aud, exp, nbf, iat, jti, 'kubernetes.io': own } = decoded(parts[1] ?? '');
  return {
    iss: String(iss ?? ''),
    sub: String(sub ?? ''),
    aud: Array.isArray(aud) ? aud.map(String) : [String(aud ?? '')],
    exp: Number(exp ?? 0),
    nbf: Number(nbf ?? 0),
    iat: Number(iat ?? 0),
    jti: String(jti ?? ''),
    own: typeof own === 'object' && own !== null ? own : {},
  };
}

function decoded(part: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch (error) {
    throw new VerificationError('oidc: malformed jwt', { cause: error });
  }
}

/** As Go prints the structure (%#v), with instants in place of their addresses in memory. */
function goClaims({ iss, sub, aud, exp, nbf, iat, jti, own }: Claims): string {
  const q = (text: string | undefined): string => JSON.stringify(text ?? '');
  const account = own.serviceaccount ?? {};
  return (
    `openidmetadata.claims{Claims:jwt.Claims{Issuer:${q(iss)}, Subject:${q(sub)}, ` +
    `Audience:jwt.Audience{${aud.map(q).join(', ')}}, Expiry:${exp}, NotBefore:${nbf}, IssuedAt:${iat}, ID:${q(jti)}}, ` +
    `Kubernetes:openidmetadata.kubeClaims{Namespace:${q(own.namespace)}, ` +
    `ServiceAccount:openidmetadata.kubeName{Name:${q(account.name)}, UID:${q(account.uid)}}}}`
  );
}
