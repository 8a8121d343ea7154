/**
 * Who did what: trails of requests, the audit log, and what the feed takes from them.
 */
export type { AuditRecord } from './audit-event.ts';
export { AUDIT_FLAGS, type AuditSettings, auditSettings } from './audit-flags.ts';
export { AuditLog, AuditLogLimits, type AuditLogOptions } from './audit-log.ts';
export type { AuditPolicy, AuditVerdict } from './audit-policy.ts';
export type { AuditSink } from './audit-sink.ts';
export type { AuditTrail } from './audit-trail.ts';
export { Auditor } from './auditor.ts';
export { DEFAULT_AUDIT_POLICY } from './default-policy.ts';
