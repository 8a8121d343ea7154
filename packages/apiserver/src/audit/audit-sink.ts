/**
 * Where records go, and which: the log with its policy, the feed with its own.
 */
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from '../server/request-info.ts';
import type { AuditRecord } from './audit-event.ts';
import type { AuditVerdict } from './audit-policy.ts';

export interface AuditSink {
  /** Level None: nothing of this request. Asked once a request, on its way: it must be cheap. */
  verdict(user: UserInfo, info: RequestInfo): AuditVerdict;
  /** Takes a record without waiting; what it has no room for it counts. */
  write(record: AuditRecord): void;
}
