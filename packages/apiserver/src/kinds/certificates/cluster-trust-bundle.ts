/**
 * ClusterTrustBundles (upstream: ValidateClusterTrustBundle … of pkg/apis/certificates/validation/validation.go,
 * ValidateClusterTrustBundleName of pkg/apis/core/validation/names.go).
 */
import { X509Certificate } from 'node:crypto';
import { type ClusterTrustBundle, isDNS1123Subdomain } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { METADATA, type Path, SPEC } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkSignerName } from '../validation/signer-name.ts';

const MAX_BUNDLE_BYTES = 1024 * 1024;
const OMITTED = '<value omitted>';
const BLOCK = /-----BEGIN ([^-\n]+)-----\r?\n([\s\S]*?)-----END \1-----/g;
const SIGNER = SPEC.child('signerName');

export const clusterTrustBundleStrategy: Strategy<ClusterTrustBundle> = {
  // Told by validation: it depends on the signer.
  nameRule: 'none',
  fieldLabels: ['spec.signerName'],
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec?.signerName ?? '' }),
  validate: (bundle) => validateBundle(bundle, undefined).errors,
  validateUpdate(bundle, old) {
    const errors = validateBundle(bundle, old);
    const { signerName = '' } = bundle.spec ?? {};
    if (signerName !== (old.spec.signerName ?? '')) errors.invalid(SIGNER, signerName, IMMUTABLE);
    return errors.errors;
  },
};

function validateBundle({ metadata, spec }: ClusterTrustBundle, old: ClusterTrustBundle | undefined): ErrorList {
  const errors = new ErrorList();
  const { signerName = '', trustBundle = '' } = spec ?? {};
  if (metadata.name) errors.invalidEach(METADATA.child('name'), metadata.name, nameProblems(metadata.name, signerName));
  if (signerName !== '') checkSignerName(errors, SIGNER, signerName);
  if (trustBundle !== old?.spec.trustBundle) checkBundle(errors, SPEC.child('trustBundle'), trustBundle);
  return errors;
}

function nameProblems(name: string, signerName: string): string[] {
  if (signerName === '') {
    if (name.includes(':')) return ['ClusterTrustBundle without signer name must not have ":" in its name'];
    return isDNS1123Subdomain(name);
  }
  const prefix = `${signerName.replaceAll('/', ':')}:`;
  if (name.startsWith(prefix)) return isDNS1123Subdomain(name.slice(prefix.length));
  return [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
}

function checkBundle(errors: ErrorList, at: Path, bundle: string): void {
  if (Buffer.byteLength(bundle) > MAX_BUNDLE_BYTES) {
    errors.tooLong(at, '', MAX_BUNDLE_BYTES);
    return;
  }
  const before = errors.length;
  const anchors = new Map<string, number[]>();
  for (const [i, [, type = '', body = '']] of [...bundle.matchAll(BLOCK)].entries()) {
    const problem = blockProblem(type, body);
    if (problem) errors.invalid(at, OMITTED, `entry ${i} ${problem}`);
    else anchors.set(body, [...(anchors.get(body) ?? []), i]);
  }
  if (errors.length > before) return;
  if (anchors.size === 0) errors.invalid(at, OMITTED, 'at least one trust anchor must be provided');
  for (const indices of anchors.values()) {
    if (indices.length > 1) errors.invalid(at, OMITTED, `duplicate trust anchor (indices [${indices.join(' ')}])`);
  }
}

function blockProblem(type: string, body: string): string | undefined {
  if (type !== 'CERTIFICATE') return `has bad block type: ${type}`;
  if (body.includes(':')) return 'has PEM block headers';
  try {
    const certificate = new X509Certificate(Buffer.from(body, 'base64'));
    return certificate.ca ? undefined : 'does not have the CA bit set';
  } catch {
    return 'does not parse as X.509';
  }
}
