/**
 * CertificateSigningRequests (upstream: pkg/apis/certificates/validation/validation.go and
 * pkg/registry/certificates/certificates/strategy.go). The spec is settled at creation; /approval says yes or no, /status
 * brings the certificate.
 */
import { X509Certificate } from 'node:crypto';
import { type CertificateSigningRequest, type CertificateSigningRequestCondition, jsonEqual } from '@regatta/api';
import type { Strategy, WriteContext } from '../../registry/strategy.ts';
import { timestamp } from '../../registry/write-request.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { Path, SPEC } from '../validation/path.ts';
import { checkSignerName } from '../validation/signer-name.ts';
import { examinedRequest, examineRequest } from './certificate-request.ts';

type Condition = CertificateSigningRequestCondition;

const CONDITIONS = Path.root('status').child('conditions');
const CERTIFICATE = Path.root('status').child('certificate');
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const LEAST_SECONDS = 600;
/** Conditions that only ever are true. */
const TRUE_ONLY: ReadonlySet<string> = new Set(['Approved', 'Denied', 'Failed']);
const STATUSES = ['False', 'True', 'Unknown'];
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** Which part of the status a write may change. */
type Changes = 'nothing' | 'approval' | 'certificate';

export const certificateSigningRequestStrategy: Strategy<CertificateSigningRequest> = {
  nameRule: 'none',
  fieldLabels: ['spec.signerName'],
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec.signerName ?? '' }),
  prepareForCreate(csr, { user }) {
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...asked } = csr.spec ?? {};
    csr.spec = {
      ...asked,
      username: user.name,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: [...user.groups],
      ...(Object.keys(user.extra ?? {}).length > 0 ? { extra: structuredClone(user.extra) } : {}),
    } as CertificateSigningRequest['spec'];
  },
  prepareForUpdate(csr, old) {
    csr.spec = structuredClone(old.spec);
  },
  prepareStatusUpdate: stampConditions,
  examine: examineRequest,
  validate: (csr) => checkRequest(csr, undefined).errors,
  validateUpdate: (csr, old) => checkUpdate(csr, old, 'nothing').errors,
  validateStatusUpdate: (csr, old) => checkUpdate(csr, old, 'certificate').errors,
};

/** For /approval. */
export const validateApproval = (csr: CertificateSigningRequest, old: CertificateSigningRequest): ErrorList =>
  checkUpdate(csr, old, 'approval');

/** Conditions say when they were written and when they began; what is left out is filled in. */
export function stampConditions(
  csr: CertificateSigningRequest,
  old: CertificateSigningRequest,
  { server }: WriteContext,
): void {
  const now = timestamp(server.clock.now());
  for (const condition of csr.status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    const before = old.status?.conditions?.find((c) => c.type === condition.type && c.status === condition.status);
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? now;
  }
}

function checkRequest(csr: CertificateSigningRequest, old: CertificateSigningRequest | undefined): ErrorList {
  const errors = new ErrorList();
  const { request = '', usages, signerName = '', expirationSeconds } = csr.spec ?? {};
  const { problem } = examinedRequest(csr);
  if (problem !== undefined) errors.invalid(SPEC.child('request'), request, problem);
  checkUsages(errors, usages ?? [], old?.spec.usages ?? []);
  if (signerName === LEGACY_SIGNER && old?.spec.signerName !== LEGACY_SIGNER) {
    errors.invalid(SPEC.child('signerName'), signerName, 'the legacy signerName is not allowed via this API version');
  } else if (signerName !== LEGACY_SIGNER) checkSignerName(errors, SPEC.child('signerName'), signerName);
  if (typeof expirationSeconds === 'number' && expirationSeconds < LEAST_SECONDS) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)';
    errors.invalid(SPEC.child('expirationSeconds'), expirationSeconds, why);
  }
  checkConditions(errors, csr.status?.conditions ?? [], old?.status?.conditions ?? []);
  const certificate = csr.status?.certificate ?? '';
  if (certificate !== (old?.status?.certificate ?? '')) {
    const why = certificateProblem(certificate);
    if (why !== undefined) errors.invalid(CERTIFICATE, '<certificate data>', why);
  }
  return errors;
}

function checkUsages(errors: ErrorList, usages: readonly string[], before: readonly string[]): void {
  const at = SPEC.child('usages');
  if (usages.length === 0) errors.required(at);
  const known = before.every((usage) => USAGES.includes(usage));
  if (known) {
    eachItem(usages, at, (usage, item) => {
      if (!USAGES.includes(usage)) errors.notSupported(item, usage, USAGES);
    });
  }
  if (hasDuplicates(before)) return;
  eachItem(usages, at, (usage, item, i) => {
    if (usages.indexOf(usage) < i) errors.duplicate(item, usage);
  });
}

function checkConditions(errors: ErrorList, conditions: readonly Condition[], before: readonly Condition[]): void {
  const types = before.map(({ type }) => type);
  const mayContradict = types.includes('Approved') && types.includes('Denied');
  const mayRepeat = hasDuplicates(types);
  const mayBeEmpty = types.includes('');
  const seen = new Set<string>();
  eachItem(conditions, CONDITIONS, ({ type = '', status = '' }, at) => {
    if (type === '' && !mayBeEmpty) errors.required(at.child('type'));
    const allowed = TRUE_ONLY.has(type) ? ['True'] : STATUSES;
    if (status === '') errors.required(at.child('status'));
    else if (!allowed.includes(status)) errors.notSupported(at.child('status'), status, allowed);
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (!mayContradict && opposite !== undefined && seen.has(opposite)) {
      errors.invalid(at.child('type'), type, 'Approved and Denied conditions are mutually exclusive');
    }
    if (!mayRepeat && seen.has(type)) errors.duplicate(at.child('type'), type);
    seen.add(type);
  });
}

function checkUpdate(csr: CertificateSigningRequest, old: CertificateSigningRequest, changes: Changes): ErrorList {
  const errors = checkRequest(csr, old);
  const lasting = ['Approved', 'Denied', 'Failed'];
  for (const type of lasting) {
    if (of(csr, type).length < of(old, type).length) {
      errors.forbidden(CONDITIONS, `updates may not remove a condition of type "${type}"`);
    }
  }
  if (changes !== 'approval') {
    for (const type of ['Approved', 'Denied']) {
      const [now, before] = [of(csr, type), of(old, type)];
      if (now.length > before.length) {
        errors.forbidden(CONDITIONS, `updates may not add a condition of type "${type}"`);
      } else if (now.length === before.length && !jsonEqual(now, before)) {
        errors.forbidden(CONDITIONS, `updates may not modify a condition of type "${type}"`);
      }
    }
  }
  checkCertificateChange(errors, csr, old, changes);
  return errors;
}

function checkCertificateChange(
  errors: ErrorList,
  csr: CertificateSigningRequest,
  old: CertificateSigningRequest,
  changes: Changes,
): void {
  const before = old.status?.certificate ?? '';
  if ((csr.status?.certificate ?? '') === before) return;
  if (changes !== 'certificate') errors.forbidden(CERTIFICATE, 'updates may not set certificate content');
  else if (before !== '') errors.forbidden(CERTIFICATE, 'updates may not modify existing certificate content');
}

function of({ status }: CertificateSigningRequest, type: string): readonly Condition[] {
  return (status?.conditions ?? []).filter((condition) => condition.type === type);
}

function hasDuplicates(values: readonly string[]): boolean {
  return new Set(values).size < values.length;
}

const PEM_BLOCK = /-----BEGIN ([^-]+)-----\r?\n([\s\S]*?)-----END \1-----/g;

/** @param certificate base64 of PEM blocks */
function certificateProblem(certificate: string): string | undefined {
  if (certificate === '') return undefined;
  const blocks = [...Buffer.from(certificate, 'base64').toString('latin1').matchAll(PEM_BLOCK)];
  for (const [text, type, body = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (/^[^\s:]+:/m.test(body)) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(text);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}
