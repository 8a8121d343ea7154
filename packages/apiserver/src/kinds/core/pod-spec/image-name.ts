/**
 * Reads image names as far as defaults need them (upstream: pkg/util/parsers and github.com/distribution/reference).
 */

const MAX_NAME = 255;
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN_PART = /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])$/;
const PORT = /^[0-9]+$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;
const BARE_ID = /^[a-f0-9]{64}$/;

/** The tag, `latest` when neither tag nor digest is given; '' for a digest alone and for names that can't be read. */
export function imageTag(image: string): string {
  const digestAt = image.indexOf('@');
  const digest = digestAt < 0 ? undefined : image.slice(digestAt + 1);
  const named = digestAt < 0 ? image : image.slice(0, digestAt);
  const tagAt = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = tagAt < 0 ? undefined : named.slice(tagAt + 1);
  const name = tagAt < 0 ? named : named.slice(0, tagAt);
  if (!isRepository(name) || (digest !== undefined && !DIGEST.test(digest))) return '';
  if (tag !== undefined) return TAG.test(tag) ? tag : '';
  return digest === undefined ? 'latest' : '';
}

/** Always for `latest`, IfNotPresent for what is pinned. */
export function pullPolicyFor(image: string): 'Always' | 'IfNotPresent' {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

function isRepository(name: string): boolean {
  if (name === '' || name.length > MAX_NAME || BARE_ID.test(name)) return false;
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasDomain = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (hasDomain && !isDomain(first)) return false;
  return (hasDomain ? name.slice(slash + 1) : name).split('/').every((part) => PATH_PART.test(part));
}

function isDomain(domain: string): boolean {
  const portAt = domain.indexOf(':');
  if (portAt >= 0 && !PORT.test(domain.slice(portAt + 1))) return false;
  return (portAt < 0 ? domain : domain.slice(0, portAt)).split('.').every((part) => DOMAIN_PART.test(part));
}
