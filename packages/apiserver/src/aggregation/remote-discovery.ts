/**
 * What an extension server serves in one version, in the words of aggregated discovery
 * (upstream: k8s.io/kube-aggregator/pkg/apiserver/handler_discovery.go). A server that knows only the older documents is
 * asked for its version's resource list.
 */
import type { APIResource, APIResourceList } from '@regatta/api';
import type { UserInfo } from '../auth/identity.ts';
import type { ProxyTarget } from '../connect/proxy/proxy-target.ts';
import { type Swagger, swaggerOf } from '../openapi/merge-swagger.ts';
import { type ExtensionClient, ExtensionError } from './extension-client.ts';

const ACCEPT = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat('application/json')
  .join(',');
const DISCOVERER: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] };
const OPENAPI_USER: UserInfo = { name: 'system:aggregator', groups: [] };

interface DiscoveryList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly { readonly version?: string; readonly resources?: readonly object[] }[];
  }[];
}

export interface RemoteDocuments {
  readonly resources: readonly object[];
  readonly openApi?: string;
  readonly swagger?: Swagger;
}

/** @throws ExtensionError */
export async function remoteDocuments(
  client: ExtensionClient,
  target: ProxyTarget,
  group: string,
  version: string,
): Promise<RemoteDocuments> {
  const [resources, openApi, swagger] = await Promise.all([
    resourcesOf(client, target, group, version),
    openApiOf(client, target, group, version),
    swaggerAt(client, target, group, version),
  ]);
  return { resources, ...(openApi === undefined ? {} : { openApi }), ...(swagger === undefined ? {} : { swagger }) };
}

async function resourcesOf(
  client: ExtensionClient,
  target: ProxyTarget,
  group: string,
  version: string,
): Promise<readonly object[]> {
  const found = await client.get(target, '/apis', DISCOVERER, ACCEPT).catch(noAnswer);
  if (found?.contentType.includes('APIGroupDiscoveryList')) {
    const { items = [] } = parsed<DiscoveryList>(found.text);
    const own = items.find(({ metadata }) => metadata?.name === group)?.versions?.find((v) => v.version === version);
    return own?.resources ?? [];
  }
  const list = await client.get(target, `/apis/${group}/${version}`, DISCOVERER, 'application/json');
  return asAggregated(parsed<Partial<APIResourceList>>(list.text).resources ?? [], group, version);
}

/** Where the version's document is; undefined when the server has none. */
async function openApiOf(
  client: ExtensionClient,
  target: ProxyTarget,
  group: string,
  version: string,
): Promise<string | undefined> {
  const found = await client.get(target, '/openapi/v3', OPENAPI_USER, 'application/json').catch(noAnswer);
  if (!found) return undefined;
  const { paths = {} } = parsed<{ readonly paths?: Record<string, { readonly serverRelativeURL?: string }> }>(
    found.text,
  );
  return paths[`apis/${group}/${version}`]?.serverRelativeURL;
}

/** What the server's document of version 2 says of this version. */
async function swaggerAt(
  client: ExtensionClient,
  target: ProxyTarget,
  group: string,
  version: string,
): Promise<Swagger | undefined> {
  const found = await client.get(target, '/openapi/v2', OPENAPI_USER, 'application/json').catch(noAnswer);
  return found && swaggerOf(parsed<Record<string, unknown>>(found.text), `/apis/${group}/${version}`);
}

function noAnswer(error: unknown): undefined {
  if (!(error instanceof ExtensionError)) throw error;
  return undefined;
}

/** @throws ExtensionError */
function parsed<T>(text: string): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as T;
  } catch (error) {
    throw new ExtensionError('an extension server answered with what is no JSON', { cause: error });
  }
  throw new ExtensionError('an extension server answered with what is no object');
}

/** A resource list says subresources beside the resources that they belong to. */
function asAggregated(resources: readonly APIResource[], group: string, version: string): object[] {
  const kindOf = (of: APIResource): object => ({
    group: of.group || group,
    version: of.version || version,
    kind: of.kind,
  });
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((of) => {
      const subresources = resources
        .filter(({ name }) => name.startsWith(`${of.name}/`))
        .map((sub) => ({
          subresource: sub.name.slice(of.name.length + 1),
          responseKind: kindOf(sub),
          verbs: sub.verbs,
        }));
      return {
        resource: of.name,
        responseKind: kindOf(of),
        scope: of.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: of.singularName,
        verbs: of.verbs,
        ...(of.shortNames ? { shortNames: of.shortNames } : {}),
        ...(of.categories ? { categories: of.categories } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    });
}
