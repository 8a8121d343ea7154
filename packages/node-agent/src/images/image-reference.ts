/**
 * Names of images: `nginx` means `docker.io/library/nginx:latest`
 * (upstream: github.com/distribution/reference, normalize.go).
 */
export interface ImageReference {
  /** docker.io */
  readonly registry: string;
  /** library/nginx */
  readonly repository: string;
  readonly tag: string;
  /** sha256:…, when the name has one */
  readonly digest?: string;
}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,}$/;

/** Undefined for text that is no image name. */
export function parseImageReference(text: string): ImageReference | undefined {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const path = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? named.slice(colon + 1) : 'latest';
  if (!TAG.test(tag)) return undefined;
  const { registry, repository } = splitRegistry(path);
  if (!NAME.test(repository)) return undefined;
  return { registry, repository, tag, ...(digest === undefined ? {} : { digest }) };
}

/** The first part is a registry when it looks like a host: a dot, a port, or localhost. */
function splitRegistry(path: string): { readonly registry: string; readonly repository: string } {
  const slash = path.indexOf('/');
  const first = slash < 0 ? '' : path.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = isHost ? first : 'docker.io';
  const rest = isHost ? path.slice(slash + 1) : path;
  const official = registry === 'docker.io' || registry === 'index.docker.io';
  return {
    registry: official ? 'docker.io' : registry,
    repository: official && !rest.includes('/') ? `library/${rest}` : rest,
  };
}

/** docker.io/library/nginx:latest, or with a digest in place of the tag. */
export function formatImageReference(reference: ImageReference): string {
  const name = `${reference.registry}/${reference.repository}`;
  return reference.digest === undefined ? `${name}:${reference.tag}` : `${name}@${reference.digest}`;
}
