/**
 * Trust bundles and certificates in projected volumes (upstream: validateProjectionSources of
 * pkg/apis/core/validation/validation.go).
 */
import { type ClusterTrustBundleProjection, isDNS1123Subdomain, type PodCertificateProjection } from '@regatta/api';
import { internalForm } from '../../internal/internal-form.ts';
import type { ErrorList } from '../../validation/error-list.ts';
import type { Path } from '../../validation/path.ts';
import { checkLabelSelector } from '../../validation/rules.ts';
import { checkSignerName } from '../../validation/signer-name.ts';
import { checkLocalPath } from './paths.ts';
import type { ClaimedPaths } from './projected-volumes.ts';

const KEY_TYPES = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];
const MIN_SECONDS = 3600;
const MAX_SECONDS = 91 * 24 * 3600;
/** For certificates of kubernetes.io signers. */
const MAX_OWN_SECONDS = 24 * 3600;

export function checkTrustBundleSource(
  errors: ErrorList,
  at: Path,
  bundle: ClusterTrustBundleProjection,
  claimed: ClaimedPaths,
): void {
  const { name, signerName, labelSelector, path } = bundle;
  if (name !== undefined && signerName !== undefined) {
    errors.invalid(
      at,
      internalForm('ClusterTrustBundleProjection', bundle),
      'only one of name and signerName may be used',
    );
  } else if (name !== undefined) {
    if (name === '') errors.required(at.child('name'), 'must be a valid object name');
    // What stands before the last colon names the signer.
    for (const message of isDNS1123Subdomain(name.slice(name.lastIndexOf(':') + 1))) {
      errors.invalid(at.child('name'), name, `not a valid clustertrustbundlename: ${message}`);
    }
    if (labelSelector) {
      errors.invalid(at.child('labelSelector'), labelSelector, 'labelSelector must be unset if name is specified');
    }
  } else if (signerName !== undefined) {
    if (signerName === '') errors.required(at.child('signerName'), 'must be a valid signer name');
    checkSignerName(errors, at.child('signerName'), signerName);
    checkLabelSelector(errors, at.child('labelSelector'), labelSelector);
  } else {
    errors.required(at, 'either name or signerName must be specified');
  }
  if (!path) errors.required(at.child('path'));
  checkLocalPath(errors, at.child('path'), path);
  claimed.claim(path, path);
}

export function checkCertificateSource(
  errors: ErrorList,
  at: Path,
  certificate: PodCertificateProjection,
  claimed: ClaimedPaths,
): void {
  const { keyType, maxExpirationSeconds: seconds } = certificate;
  checkSignerName(errors, at.child('signerName'), certificate.signerName ?? '');
  if (!KEY_TYPES.includes(keyType)) errors.notSupported(at.child('keyType'), keyType, KEY_TYPES);
  if (seconds !== undefined) {
    const secondsAt = at.child('maxExpirationSeconds');
    if (seconds < MIN_SECONDS)
      errors.invalid(secondsAt, seconds, `if provided, maxExpirationSeconds must be >= ${MIN_SECONDS}`);
    const max = isKubernetesSigner(certificate.signerName) ? MAX_OWN_SECONDS : MAX_SECONDS;
    if (seconds > max) errors.invalid(secondsAt, seconds, `if provided, maxExpirationSeconds must be <= ${max}`);
  }
  const names = ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const;
  for (const name of names) {
    const path = certificate[name];
    if (!path) continue;
    checkLocalPath(errors, at.child(name), path);
    claimed.claim(path, path);
  }
  if (names.every((name) => !certificate[name])) {
    errors.required(at, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath');
  }
}

function isKubernetesSigner(name: string | undefined): boolean {
  const host = (name ?? '').split('/')[0] ?? '';
  return host === 'kubernetes.io' || host.endsWith('.kubernetes.io');
}
