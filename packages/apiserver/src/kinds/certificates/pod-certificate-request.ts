/**
 * PodCertificateRequests (upstream: ValidatePodCertificateRequestCreate … of
 * pkg/apis/certificates/validation/validation.go). Keys, proofs and issued chains are kept as they are sent.
 */
import { isDNS1123Subdomain, jsonEqual, type PodCertificateRequest } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { internalForm } from '../internal/internal-form.ts';
import { checkConditions } from '../validation/conditions.ts';
import { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkSignerName } from '../validation/signer-name.ts';

const LONGEST_UID = 128;
const LEAST_SECONDS = 3600;
const MOST_SECONDS = 91 * 24 * 3600;
/** For signers of Kubernetes' own. */
const MOST_KUBERNETES_SECONDS = 24 * 3600;
const CONDITIONS = STATUS.child('conditions');
const TERMINAL = ['Issued', 'Denied', 'Failed'];
const SPEC_TYPE = 'io.k8s.api.certificates.v1beta1.PodCertificateRequestSpec';

type Spec = PodCertificateRequest['spec'];

export const podCertificateRequestStrategy: Strategy<PodCertificateRequest> = {
  fieldLabels: ['spec.signerName', 'spec.podName', 'spec.nodeName'],
  selectableFields: ({ spec }) => ({
    'spec.signerName': spec?.signerName ?? '',
    'spec.podName': spec?.podName ?? '',
    'spec.nodeName': spec?.nodeName ?? '',
  }),
  validate: ({ spec }) => validateSpec(spec).errors,
  validateUpdate({ spec }, old) {
    const errors = new ErrorList();
    if (!jsonEqual(spec, old.spec)) errors.invalid(SPEC, internalForm(SPEC_TYPE, spec), IMMUTABLE);
    return errors.errors;
  },
  validateStatusUpdate: (request, old) => validateStatus(request, old).errors,
};

function validateSpec(spec: Partial<Spec> = {}): ErrorList {
  const errors = new ErrorList();
  const { signerName = '', maxExpirationSeconds: seconds } = spec;
  checkSignerName(errors, SPEC.child('signerName'), signerName);
  checkReference(errors, 'podName', 'podUID', spec);
  checkReference(errors, 'serviceAccountName', 'serviceAccountUID', spec);
  checkReference(errors, 'nodeName', 'nodeUID', spec);
  const secondsAt = SPEC.child('maxExpirationSeconds');
  const isOwn = /(^|\.)kubernetes\.io\//.test(signerName);
  if (seconds === undefined) errors.required(secondsAt, 'must be set');
  else checkSeconds(errors, secondsAt, seconds, isOwn ? MOST_KUBERNETES_SECONDS : MOST_SECONDS);
  return errors;
}

function checkReference(
  errors: ErrorList,
  nameField: 'podName' | 'serviceAccountName' | 'nodeName',
  uidField: 'podUID' | 'serviceAccountUID' | 'nodeUID',
  spec: Partial<Spec>,
): void {
  const { [nameField]: name = '', [uidField]: uid = '' } = spec;
  errors.invalidEach(SPEC.child(nameField), name, isDNS1123Subdomain(name));
  if (uid === '') errors.invalid(SPEC.child(uidField), uid, 'must not be empty');
  if (uid.length > LONGEST_UID) errors.tooLong(SPEC.child(uidField), uid, LONGEST_UID);
}

function checkSeconds(errors: ErrorList, at: Path, seconds: number, most: number): void {
  if (seconds >= LEAST_SECONDS && seconds <= most) return;
  errors.invalid(at, seconds, `must be in the range [${LEAST_SECONDS}, ${most}]`);
}

function validateStatus({ status }: PodCertificateRequest, old: PodCertificateRequest): ErrorList {
  const errors = new ErrorList();
  const conditions = status?.conditions ?? [];
  let known = 0;
  for (const [i, { type, status: value }] of conditions.entries()) {
    // Upstream writes the index as a step of its own.
    const at = CONDITIONS.child(`[${i}]`);
    if (!TERMINAL.includes(type)) {
      errors.notSupported(at.child('type'), type, TERMINAL);
      continue;
    }
    known++;
    const why = 'There may be at most one condition with type "Issued", "Denied", or "Failed"';
    if (known > 1) errors.invalid(at.child('type'), type, why);
    if (value !== 'True') errors.notSupported(at.child('status'), value, ['True']);
  }
  checkConditions(errors, CONDITIONS, conditions);
  if (errors.length === 0) checkTransition(errors, status ?? {}, old.status ?? {});
  return errors;
}

type Status = NonNullable<PodCertificateRequest['status']>;

function isOver({ conditions }: Status, types: readonly string[]): boolean {
  return (conditions ?? []).some(({ type, status }) => types.includes(type) && status === 'True');
}

function checkTransition(errors: ErrorList, status: Status, old: Status): void {
  if (isOver(old, TERMINAL)) {
    if (jsonEqual(status, old)) return;
    errors.invalidUnshown(STATUS, 'immutable after PodCertificateRequest is issued, denied, or failed');
  } else if (isOver(status, ['Denied', 'Failed'])) {
    const { conditions: _conditions, ...rest } = status;
    if (Object.keys(rest).length === 0) return;
    const why = 'non-condition status fields must be empty when denying or failing the PodCertificateRequest';
    errors.invalidUnshown(STATUS, why);
  } else if (!isOver(status, ['Issued']) && !jsonEqual(status, old)) {
    errors.invalidUnshown(STATUS, 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"');
  }
}
