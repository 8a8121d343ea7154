/**
 * Who may pull a private image: the logins of Secrets that hold a Docker configuration
 * (upstream: pkg/credentialprovider/{config.go,keyring.go}).
 */
import type { Secret } from '@regatta/api';

export interface RegistryLogin {
  readonly registry: string;
  readonly username: string;
  readonly password: string;
}

/** The logins of a Secret of type kubernetes.io/dockerconfigjson or dockercfg; none where it holds something else. */
export function loginsOf({ data = {} }: Secret): RegistryLogin[] {
  const current = decoded(data['.dockerconfigjson']);
  const auths = field(current, 'auths') ?? decoded(data['.dockercfg']);
  if (typeof auths !== 'object' || auths === null) return [];
  return Object.entries(auths).flatMap(([address, entry]) => {
    const [username, password] = credentials(entry);
    return username === undefined || password === undefined
      ? []
      : [{ registry: registryOf(address), username, password }];
  });
}

function decoded(base64: string | undefined): unknown {
  try {
    return base64 === undefined ? undefined : JSON.parse(Buffer.from(base64, 'base64').toString());
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}

/** A name and password of their own, or both in `auth`. */
function credentials(entry: unknown): readonly (string | undefined)[] {
  const text = (name: string): string | undefined => {
    const value = field(entry, name);
    return typeof value === 'string' ? value : undefined;
  };
  const joined = text('auth');
  if (joined === undefined) return [text('username'), text('password')];
  const plain = Buffer.from(joined, 'base64').toString();
  const colon = plain.indexOf(':');
  return colon < 0 ? [] : [plain.slice(0, colon), plain.slice(colon + 1)];
}

/** Docker's own registry has several names. */
function registryOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return /^(index\.|registry-1\.)?docker\.io$/.test(host) ? 'docker.io' : host;
}
