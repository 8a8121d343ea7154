/** What the plugins that follow policies need of the server. */
import type { Authorizer } from '../../auth/identity.ts';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import type { ServerContext } from '../../server/context.ts';
import type { ExtensionMetrics } from '../extension-metrics.ts';

export interface PolicyParts {
  readonly server: ServerContext;
  readonly authorizer: Authorizer;
  /** Where parameters are found. */
  readonly resources: ResourceRegistry;
  readonly metrics: ExtensionMetrics;
}
