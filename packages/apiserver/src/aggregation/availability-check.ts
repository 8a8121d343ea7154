/**
 * Whether the server behind an APIService can be reached
 * (upstream: sync of k8s.io/kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go).
 */
import { type APIService, type EndpointSlice, groupVersionPath, type Service } from '@regatta/api';
import type { UserInfo } from '../auth/identity.ts';
import type { Availability } from './available.ts';
import { type ExtensionClient, ExtensionError } from './extension-client.ts';
import { ANYBODY, extensionTarget, type ServiceReach } from './extension-server.ts';
import { HTTPS_PORT } from './strategy.ts';

/** One of several endpoints that answers is enough. */
const ATTEMPTS = 5;
export const AGGREGATOR: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };

export interface CheckEnvironment extends ServiceReach {
  readonly client: ServiceReach['client'];
  readonly extensions: ExtensionClient;
  endpointSlices(namespace: string, service: string): readonly EndpointSlice[];
}

export async function checkAvailability(env: CheckEnvironment, service: APIService): Promise<Availability> {
  const problem = serviceProblem(env, service);
  if (problem) return problem;
  const discovery = await discoveryProblem(env, service);
  if (discovery !== undefined) return unavailable('FailedDiscoveryCheck', discovery);
  return { status: 'True', reason: 'Passed', message: 'all checks passed' };
}

function unavailable(reason: string, message: string): Availability {
  return { status: 'False', reason, message };
}

function serviceProblem(env: CheckEnvironment, { spec }: APIService): Availability | undefined {
  const { name = '', namespace = '', port = HTTPS_PORT } = spec.service ?? {};
  const which = `service/${name} in ${JSON.stringify(namespace)}`;
  const service = env.service(namespace, name);
  if (!service) return unavailable('ServiceNotFound', `${which} is not present`);
  if (service.spec.type !== 'ClusterIP') return undefined;
  const own = portOf(service, port);
  if (!own) return unavailable('ServicePortError', `${which} is not listening on port ${port}`);
  const slices = env.endpointSlices(namespace, name);
  if (slices.length === 0) return unavailable('EndpointsNotFound', `cannot find endpointslices for ${which}`);
  const portName = own.name ?? '';
  if (slices.some((slice) => hasEndpoint(slice, portName))) return undefined;
  const missing = `endpointslices for ${which} have no addresses with port name ${JSON.stringify(portName)}`;
  return unavailable('MissingEndpoints', missing);
}

function portOf(service: Service, port: number): { readonly name?: string } | undefined {
  return service.spec.ports?.find((own) => own.port === port);
}

function hasEndpoint({ endpoints, ports }: EndpointSlice, portName: string): boolean {
  const ready = (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);
  return ready && (ports ?? []).some(({ name, port }) => (name ?? '') === portName && port !== undefined);
}

/** What is wrong; undefined when one attempt was answered. */
async function discoveryProblem(env: CheckEnvironment, { spec }: APIService): Promise<string | undefined> {
  const { group = '', version = '', service = {} } = spec;
  const path = groupVersionPath({ group, version });
  const attempt = async (): Promise<void> => {
    const target = extensionTarget(env, service, ANYBODY);
    await env.extensions.get(target, path, AGGREGATOR, '*/*').catch((error: unknown) => {
      if (!(error instanceof ExtensionError)) throw error;
      throw new ExtensionError(`failing or missing response from https://${target.host}${path}: ${error.message}`);
    });
  };
  try {
    await Promise.any(Array.from({ length: ATTEMPTS }, attempt));
    return undefined;
  } catch (error) {
    const [first] = error instanceof AggregateError ? error.errors : [error];
    return first instanceof Error ? first.message : String(first);
  }
}
