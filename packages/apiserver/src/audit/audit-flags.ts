/**
 * Flags of the audit log, upstream's names (staging/src/k8s.io/apiserver/pkg/server/options/audit.go). Beyond upstream:
 * the log is bounded unless told, and without a policy file it has Regatta's own policy.
 */
import type { AuditPolicy } from './audit-policy.ts';
import { DEFAULT_AUDIT_POLICY } from './default-policy.ts';

const MEGABYTE = 1024 * 1024;
const DAY_MS = 24 * 3600 * 1000;

/** For `parseArgs`. */
export const AUDIT_FLAGS = {
  'audit-log-path': { type: 'string' },
  'audit-policy-file': { type: 'string' },
  'audit-log-maxsize': { type: 'string', default: '100' },
  'audit-log-maxbackup': { type: 'string', default: '5' },
  'audit-log-maxage': { type: 'string', default: '0' },
} as const;

type AuditFlagValues = { readonly [flag in keyof typeof AUDIT_FLAGS]?: string | undefined };

export interface AuditSettings {
  readonly file: string;
  readonly policy: AuditPolicy;
  readonly maxSize: number;
  readonly maxBackups: number;
  readonly maxAge: number;
}

/**
 * Undefined when no log is wanted.
 * @throws TypeError with a sentence for the person who typed
 * @throws AuditPolicyError
 */
export async function auditSettings(values: AuditFlagValues): Promise<AuditSettings | undefined> {
  const file = values['audit-log-path'];
  const policyFile = values['audit-policy-file'];
  if (file === undefined) {
    if (policyFile !== undefined) throw new TypeError('--audit-policy-file needs --audit-log-path: where to write');
    return undefined;
  }
  return {
    file,
    policy: policyFile === undefined ? DEFAULT_AUDIT_POLICY : await readPolicy(policyFile),
    maxSize: count(values, 'audit-log-maxsize', 1) * MEGABYTE,
    maxBackups: count(values, 'audit-log-maxbackup', 0),
    maxAge: count(values, 'audit-log-maxage', 0) * DAY_MS,
  };
}

async function readPolicy(file: string): Promise<AuditPolicy> {
  const { readAuditPolicy } = await import('./policy-file.ts');
  return await readAuditPolicy(file);
}

function count(values: AuditFlagValues, flag: keyof typeof AUDIT_FLAGS, least: number): number {
  const text = values[flag] ?? '';
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= least) return value;
  throw new TypeError(`--${flag} must be a whole number of at least ${least}, not ${JSON.stringify(text)}`);
}
