/**
 * What handlers need: built once by the composition in main.ts.
 */

import type { Authorizer } from '../auth/identity.ts';
import type { Resource } from '../registry/resource.ts';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import type { Registry, WriteRequest } from '../registry/write-request.ts';
import { type ApiCall, userAgent } from '../server/api-call.ts';
import type { OpenStreams } from '../server/open-streams.ts';
import type { TurnShare } from '../server/turn-share.ts';
import type { ListBodies } from './list-bodies.ts';
import type { TableSource } from './transforms.ts';
import type { WatchMetrics } from './watch-metrics.ts';

export interface HandlerEnvironment {
  readonly registry: Registry;
  readonly resources: ResourceRegistry;
  readonly tables: TableSource;
  readonly listBodies: ListBodies;
  /** Asked again where one request does what takes the right to do another. */
  readonly authorizer: Authorizer;
  /** Watches that are being answered now. */
  readonly watches: OpenStreams;
  readonly watchMetrics?: WatchMetrics;
  /** What people's requests and watches may take of a turn of the event loop. */
  readonly share: TurnShare;
}

/** What options of all verbs say of a write; deletes have no field manager. */
export interface WriteMode {
  readonly dryRun: boolean;
  readonly fieldManager?: string;
  readonly askedValidation?: string;
}

export function writeRequest(call: ApiCall, resource: Resource, name: string, mode: WriteMode): WriteRequest {
  const { info, trail } = call;
  return {
    ...(trail ? { annotate: (key, value, level) => trail.annotate(key, value, level) } : {}),
    resource,
    namespace: resource.namespaced ? info.namespace : '',
    name,
    subresource: info.subresource,
    user: call.user,
    userAgent: userAgent(call),
    dryRun: mode.dryRun,
    fieldManager: mode.fieldManager ?? '',
    askedValidation: mode.askedValidation ?? '',
    warn: (text) => {
      call.warnings.push(text);
    },
  };
}
