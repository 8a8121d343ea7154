/**
 * One stage of one request, as it is written: audit.k8s.io/v1 Event, a line of JSON
 * (upstream: staging/src/k8s.io/apiserver/pkg/apis/audit/v1/types.go, pkg/audit/request.go).
 *
 * A record only points at what the request was; the text is made when it is written, off the request's way.
 */
import type { Status } from '@regatta/api';
import { formatMicroTime } from '@regatta/client';
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from '../server/request-info.ts';
import type { AuditLevel, AuditStage } from './audit-policy.ts';
import { bodyObject } from './body-object.ts';

/** Bytes and what they are written in. */
export interface AuditedBody {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export interface AuditRecord {
  readonly level: AuditLevel;
  readonly stage: AuditStage;
  readonly auditId: string;
  readonly method: string;
  readonly url: string;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly impersonated?: UserInfo | undefined;
  /** The right that constrained impersonation took. */
  readonly constraint?: string | undefined;
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  /** Of an object that was made. */
  readonly objectName?: string | undefined;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly at: number;
  readonly code?: number | undefined;
  /** Of a refusal. */
  readonly status?: Status | undefined;
  readonly annotations: ReadonlyMap<string, string>;
  readonly requestBody?: AuditedBody | undefined;
  readonly responseBody?: AuditedBody | undefined;
  readonly omitManagedFields: boolean;
}

/** The line, without its end. */
export async function auditLine(record: AuditRecord): Promise<string> {
  const [requestObject, responseObject] = await Promise.all([
    bodyObject(record.requestBody, record.omitManagedFields),
    bodyObject(record.responseBody, record.omitManagedFields),
  ]);
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: record.level,
    auditID: record.auditId,
    stage: record.stage,
    requestURI: record.url,
    verb: record.info.verb,
    user: userOf(record.user),
    ...(record.impersonated ? { impersonatedUser: userOf(record.impersonated) } : {}),
    ...(record.constraint ? { authenticationMetadata: { impersonationConstraint: record.constraint } } : {}),
    ...(record.sourceIPs.length > 0 ? { sourceIPs: record.sourceIPs } : {}),
    ...(record.userAgent === '' ? {} : { userAgent: record.userAgent }),
    ...(record.info.isResource ? { objectRef: objectRef(record) } : {}),
    ...(record.code === undefined ? {} : { responseStatus: responseStatus(record.code, record.status) }),
    requestObject,
    responseObject,
    requestReceivedTimestamp: formatMicroTime(record.receivedAt),
    stageTimestamp: formatMicroTime(record.at),
    ...(record.annotations.size > 0 ? { annotations: Object.fromEntries(record.annotations) } : {}),
  });
}

function userOf({ name, uid, groups, extra }: UserInfo): object {
  return { username: name, uid, ...(groups.length > 0 ? { groups } : {}), extra };
}

function objectRef({ info, objectName }: AuditRecord): object {
  const text = (value: string): string | undefined => (value === '' ? undefined : value);
  return {
    resource: info.resource,
    namespace: text(info.namespace),
    name: text(info.name) ?? objectName,
    apiGroup: text(info.group),
    apiVersion: text(info.version),
    subresource: text(info.subresource),
  };
}

/** Only what is bounded, as upstream copies it. */
function responseStatus(code: number, status: Status | undefined): object {
  return {
    metadata: {},
    ...(status
      ? { status: status.status, message: status.message, reason: status.reason, details: status.details }
      : {}),
    code,
  };
}
