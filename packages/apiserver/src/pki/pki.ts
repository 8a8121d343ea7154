/**
 * The cluster's keys and certificates, under `<data-dir>/pki` (upstream's layout: kubeadm's /etc/kubernetes/pki).
 *
 * Owns: every file in that folder. Invariants: the folder appears whole or not at all; an authority and the service
 * account key are never replaced (tokens and clients depend on them); a leaf that is missing, does not fit its key or
 * its authority, names the wrong hosts or ends within RENEWAL_MS is issued again. Keys are 0600, the folder 0700.
 * A running server keeps the certificate that it started with.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@regatta/runtime';
import type { LeafRequest } from './certificate-authority.ts';
import { createFolder, isEmptyFolder, readIfPresent, replaceFile } from './files.ts';
import type { KeyPair } from './key-pair.ts';

/** A certificate that ends sooner than this is issued again at the next start. */
export const RENEWAL_MS = 30 * 24 * 3600 * 1000;

export interface PkiOptions {
  /** The address that clients reach this server at. */
  readonly advertiseAddress: string;
  /** More names and addresses for the serving certificate. */
  readonly hostnames?: readonly string[];
  readonly clock: Clock;
}

export interface Pki {
  readonly directory: string;
  /** Signs the serving certificate and clients' certificates. */
  readonly ca: KeyPair;
  readonly serving: KeyPair;
  /** kubernetes-admin in system:masters. */
  readonly admin: KeyPair;
  /** Signs what the aggregation layer's proxies show. */
  readonly frontProxyCa: KeyPair;
  readonly frontProxyClient: KeyPair;
  /** PKCS #8 PEM of the P-256 key that signs service account tokens. */
  readonly serviceAccountKey: string;
}

export class PkiError extends Error {
  readonly code = 'pki';
  constructor(
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${message}`, options);
    this.name = 'PkiError';
  }
}

type Leaf = 'apiserver' | 'admin' | 'front-proxy-client';

/**
 * Loads the cluster's PKI, making or renewing what has to be.
 * @throws PkiError when an authority or the service account key is damaged or missing: replacing it would cut off every client
 */
export async function ensurePki(dataDir: string, options: PkiOptions): Promise<Pki> {
  const directory = join(dataDir, 'pki');
  const now = options.clock.now();
  const requests = leafRequests(options);
  // What is there and incomplete is told below, not made anew.
  if (await isEmptyFolder(directory)) await createFolder(directory, await makeAll(requests, now));
  const [ca, frontProxyCa, serviceAccountKey] = await Promise.all([
    loadAuthority(directory, 'ca'),
    loadAuthority(directory, 'front-proxy-ca'),
    loadServiceAccountKey(directory),
  ]);
  const leaf = (name: Leaf): Promise<KeyPair> =>
    loadLeaf(directory, name, name === 'front-proxy-client' ? frontProxyCa : ca, requests[name], now);
  const [serving, admin, frontProxyClient] = await Promise.all([
    leaf('apiserver'),
    leaf('admin'),
    leaf('front-proxy-client'),
  ]);
  return { directory, ca, serving, admin, frontProxyCa, frontProxyClient, serviceAccountKey };
}

function leafRequests(options: PkiOptions): Record<Leaf, LeafRequest> {
  const given = [hostname(), options.advertiseAddress, ...(options.hostnames ?? [])];
  const base = 'kubernetes.default';
  const dnsNames = ['kubernetes', base, `${base}.svc`, `${base}.svc.cluster.local`, 'localhost'];
  const addresses = ['10.96.0.1', '127.0.0.1', '::1'];
  return {
    apiserver: {
      commonName: 'kube-apiserver',
      usages: ['server'],
      dnsNames: unique([...dnsNames, ...given.filter(isHostName)]),
      addresses: unique([...addresses, ...given.filter(isAddress)]),
    },
    admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['client'] },
    'front-proxy-client': { commonName: 'front-proxy-client', usages: ['client'] },
  };
}

/** Every file of a new PKI. */
async function makeAll(requests: Record<Leaf, LeafRequest>, now: number): Promise<Record<string, string>> {
  const { createAuthority, generateKey, issueCertificate } = await import('./certificate-authority.ts');
  const [ca, frontProxyCa] = await Promise.all([
    createAuthority('kubernetes', now),
    createAuthority('front-proxy-ca', now),
  ]);
  const [apiserver, admin, frontProxyClient] = await Promise.all([
    issueCertificate(ca, requests.apiserver, now),
    issueCertificate(ca, requests.admin, now),
    issueCertificate(frontProxyCa, requests['front-proxy-client'], now),
  ]);
  const key = generateKey();
  const pairs = { ca, 'front-proxy-ca': frontProxyCa, apiserver, admin, 'front-proxy-client': frontProxyClient };
  return {
    ...Object.fromEntries(
      Object.entries(pairs).flatMap(([name, pair]) => [
        [`${name}.crt`, pair.certificate],
        [`${name}.key`, pair.key],
      ]),
    ),
    'sa.key': key,
    'sa.pub': createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  };
}

async function loadPair(directory: string, name: string): Promise<Partial<KeyPair>> {
  const [certificate, key] = await Promise.all([
    readIfPresent(join(directory, `${name}.crt`)),
    readIfPresent(join(directory, `${name}.key`)),
  ]);
  return { ...(certificate === undefined ? {} : { certificate }), ...(key === undefined ? {} : { key }) };
}

async function loadAuthority(directory: string, name: string): Promise<KeyPair> {
  const { certificate, key } = await loadPair(directory, name);
  const parsed = parse(certificate, key);
  if (certificate === undefined || key === undefined || !parsed) {
    throw new PkiError(join(directory, `${name}.crt`), 'the certificate authority is damaged or its key is missing');
  }
  return { certificate, key };
}

async function loadServiceAccountKey(directory: string): Promise<string> {
  const path = join(directory, 'sa.key');
  const key = await readIfPresent(path);
  try {
    createPrivateKey(key ?? '');
  } catch (cause) {
    throw new PkiError(path, 'the service account signing key is damaged or missing', { cause });
  }
  return key ?? '';
}

async function loadLeaf(
  directory: string,
  name: Leaf,
  authority: KeyPair,
  request: LeafRequest,
  now: number,
): Promise<KeyPair> {
  const { certificate, key } = await loadPair(directory, name);
  if (certificate !== undefined && key !== undefined && isUsable(parse(certificate, key), authority, request, now)) {
    return { certificate, key };
  }
  const { issueCertificate } = await import('./certificate-authority.ts');
  const issued = await issueCertificate(authority, request, now);
  await replaceFile(join(directory, `${name}.key`), issued.key);
  await replaceFile(join(directory, `${name}.crt`), issued.certificate);
  return issued;
}

/** The certificate, when both texts are sound and belong together. */
function parse(certificate: string | undefined, key: string | undefined): X509Certificate | undefined {
  if (certificate === undefined || key === undefined) return undefined;
  try {
    const parsed = new X509Certificate(certificate);
    return parsed.checkPrivateKey(createPrivateKey(key)) ? parsed : undefined;
  } catch {
    return undefined; // unreadable is as good as missing: the caller issues it again or says what is damaged
  }
}

function isUsable(
  certificate: X509Certificate | undefined,
  authority: KeyPair,
  request: LeafRequest,
  now: number,
): boolean {
  if (!certificate?.verify(new X509Certificate(authority.certificate).publicKey)) return false;
  if (Date.parse(certificate.validTo) - now < RENEWAL_MS || Date.parse(certificate.validFrom) > now) return false;
  return (
    (request.dnsNames ?? []).every((name) => certificate.checkHost(name) !== undefined) &&
    (request.addresses ?? []).every((address) => certificate.checkIP(address) !== undefined)
  );
}

function isAddress(name: string): boolean {
  return isIP(name) !== 0;
}

/** What a certificate can hold: a machine may call itself anything. */
function isHostName(name: string): boolean {
  return !isAddress(name) && /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/.test(name);
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => name !== ''))];
}
