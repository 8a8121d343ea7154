/**
 * A request on its way through the pipeline: who asks, for what, and the warnings gathered on the way.
 */
import type { AuditTrail } from '../audit/mod.ts';
import type { RequestAttributes, UserInfo } from '../auth/identity.ts';
import { headerValue, type ServerRequest } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

export interface ApiCall {
  readonly request: ServerRequest;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  /** Texts of Warning headers; handlers add to it. */
  readonly warnings: string[];
  /** What is written down of it, when somebody wants to know. */
  readonly trail?: AuditTrail | undefined;
}

export function userAgent(call: ApiCall): string {
  return headerValue(call.request, 'user-agent') ?? '';
}

/** What authorizers are asked. */
export function attributesOf(user: UserInfo, info: RequestInfo): RequestAttributes {
  const attributes: RequestAttributes = {
    user,
    verb: info.verb,
    isResource: info.isResource,
    path: info.path,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
  };
  if (info.verb !== 'list' && info.verb !== 'watch' && info.verb !== 'deletecollection') return attributes;
  const fieldSelector = info.query.get('fieldSelector');
  const labelSelector = info.query.get('labelSelector');
  return {
    ...attributes,
    ...(fieldSelector ? { fieldSelector } : {}),
    ...(labelSelector ? { labelSelector } : {}),
  };
}

/**
 * Upstream's words for a refusal (endpoints/handlers/responsewriters/errors.go), without the resource that
 * statusErrors.forbidden puts before them.
 */
export function forbiddenMessage(attributes: RequestAttributes, reason: string): string {
  const user = JSON.stringify(attributes.user.name);
  const head = `User ${user} cannot ${attributes.verb} ${target(attributes)}`;
  return reason === '' ? head : `${head}: ${reason}`;
}

function target(attributes: RequestAttributes): string {
  if (!attributes.isResource) return `path ${JSON.stringify(attributes.path)}`;
  const { resource, subresource, group, namespace } = attributes;
  const what = subresource ? `${resource}/${subresource}` : resource;
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  return `resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
}
