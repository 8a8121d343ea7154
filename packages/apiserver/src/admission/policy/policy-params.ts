/**
 * The objects that parametrize a policy (upstream: CollectParams of plugin/policy/generic/policy_dispatcher.go).
 */
import { type KubeObject, labelSelectorFrom, type ParamKind, type ParamRef, parseApiVersion } from '@regatta/api';
import type { Resource } from '../../registry/resource.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { PolicyParts } from './policy-parts.ts';

/** A policy or a binding that can't be followed. */
export class ConfigurationError extends Error {
  readonly code = 'configuration';

  constructor(
    readonly of: 'policy' | 'binding',
    why: string,
  ) {
    super(`failed to configure ${of}: ${why}`);
    this.name = 'ConfigurationError';
  }
}

/** The resource of a policy's parameters; undefined for a policy without. @throws ConfigurationError */
export function paramResource({ resources }: PolicyParts, paramKind: ParamKind | undefined): Resource | undefined {
  if (!paramKind) return undefined;
  const { apiVersion = '', kind = '' } = paramKind;
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
  const resource = resources.ofKind(group, version, kind);
  if (resource) return resource;
  const name = `${apiVersion}, Kind=${kind}`;
  throw new ConfigurationError('policy', `failed to find resource referenced by paramKind: '${name}'`);
}

/** One for each object that the binding names; `[undefined]` where there are no parameters. @throws ConfigurationError */
export async function collectParams(
  { server }: PolicyParts,
  resource: Resource | undefined,
  paramRef: ParamRef | undefined,
  attributes: AdmissionAttributes,
): Promise<readonly (KubeObject | undefined)[]> {
  if (!resource || !paramRef) return [undefined];
  const namespace = paramNamespace(resource, paramRef, attributes);
  const storage = resource.custom?.storage ?? server.storage;
  const found = paramRef.name
    ? [await storage.fetch(resource.key(namespace, paramRef.name))]
    : (await storage.list(resource.prefix(namespace), { matches: selecting(paramRef) })).items;
  const objects = found.flatMap((stored) => (stored ? [resource.fromHub(stored.object)] : []));
  if (objects.length === 0 && paramRef.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('binding', 'no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return objects;
}

function paramNamespace({ namespaced }: Resource, paramRef: ParamRef, attributes: AdmissionAttributes): string {
  if (!namespaced) {
    if (!paramRef.namespace) return '';
    const why = 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`';
    throw new ConfigurationError('binding', why);
  }
  const namespace = paramRef.namespace || attributes.namespace;
  if (namespace !== '') return namespace;
  const why = 'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources';
  throw new ConfigurationError('binding', why);
}

function selecting({ selector }: ParamRef): (object: KubeObject) => boolean {
  const matcher = selector && labelSelectorFrom(selector);
  return (object) => !matcher || matcher.matches(object.metadata.labels);
}
