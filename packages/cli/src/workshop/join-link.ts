/**
 * The line that a host hands to a guest: where the cluster is, who one is, a secret that works once, and the hash of the
 * authority that the cluster must prove itself with.
 *
 *   https://192.168.1.10:6443#alice.<secret>.<pin>
 *
 * What stands behind the # never leaves the guest's machine in a URL: not to the server, not to a proxy's log.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { CliError } from '../cli-error.ts';

const PART = /^[A-Za-z0-9_-]{43}$/;
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?$/;

export interface JoinLink {
  /** `https://host:port`. */
  readonly url: string;
  readonly name: string;
  readonly secret: string;
  /** SHA-256 of the authority's public key, base64url. */
  readonly pin: string;
}

export function linkText({ url, name, secret, pin }: JoinLink): string {
  return `${url}#${name}.${secret}.${pin}`;
}

/** @throws CliError with what a link looks like */
export function readLink(text: string): JoinLink {
  const [name = '', secret = '', pin = '', ...more] = hashOfUrl(text).split('.');
  const fits = NAME.test(name) && PART.test(secret) && PART.test(pin) && more.length === 0;
  if (!fits)
    throw new CliError(
      "This is no join link. It looks like 'https://192.168.1.10:6443#alice.…', in quotes; the host gets one from `regatta invite <name>`.",
      2,
    );
  return { url: new URL(text).origin, name, secret, pin };
}

function hashOfUrl(text: string): string {
  if (!URL.canParse(text)) return '';
  const { protocol, hash } = new URL(text);
  return protocol === 'https:' ? hash.slice(1) : '';
}

/** Of a certificate in PEM; undefined when it is none. */
export function pinOf(pem: string): string | undefined {
  try {
    const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
    return createHash('sha256').update(key).digest('base64url');
  } catch {
    return undefined;
  }
}

/** Where guests reach the cluster, from what the host typed. @throws CliError */
export function readServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.pathname === '/' && url.hash === '' && url.search === '') return url.origin;
  throw new CliError('--url takes where guests reach the API server: https://192.168.1.10:6443.', 2);
}
