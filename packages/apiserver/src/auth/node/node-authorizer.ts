/**
 * What a node may do (upstream: plugin/pkg/auth/authorizer/node/node_authorizer.go): read what its own Pods need, keep its
 * own Node, lease and CSINode, and whatever the static rules give to every node. Has no opinion on anything else, and
 * says why. What depends on an object's content (a Pod created for another node …) is NodeRestriction's to refuse.
 */
import { type PolicyRule, parseFieldSelector } from '@regatta/api';
import type { Authorizer, Decision, RequestAttributes } from '../identity.ts';
import { ruleAllows } from '../rbac/rules.ts';
import { nodeNameOf } from '../well-known.ts';
import type { NodeGraph, ReferredKind } from './node-graph.ts';

const ALLOW: Decision = { verdict: 'allow', reason: '' };
const NO_OPINION: Decision = { verdict: 'no-opinion', reason: '' };
const LEASE_NAMESPACE = 'kube-node-lease';
const OWN_OBJECT_VERBS = new Set(['get', 'create', 'update', 'patch', 'delete']);

function because(reason: string): Decision {
  return { verdict: 'no-opinion', reason };
}

function unrelated(node: string): Decision {
  return because(`no relationship found between node '${node}' and this object`);
}

type Check = (node: string, attributes: RequestAttributes) => Decision;

export class NodeAuthorizer implements Authorizer {
  readonly #checks: ReadonlyMap<string, Check>;

  /** @param rules what every node may do: the rules of ClusterRole system:node */
  constructor(
    private readonly graph: NodeGraph,
    private readonly rules: readonly PolicyRule[],
  ) {
    this.#checks = new Map<string, Check>([
      ['/secrets', (node, a) => this.#readNamespaced(node, 'secret', a)],
      ['/configmaps', (node, a) => this.#readNamespaced(node, 'configmap', a)],
      ['/persistentvolumeclaims', (node, a) => this.#claim(node, a)],
      ['/persistentvolumes', (node, a) => this.#get(node, a, () => this.graph.mounts(node, a.name))],
      ['resource.k8s.io/resourceclaims', (node, a) => this.#getReferred(node, 'resourceclaim', a)],
      [
        'storage.k8s.io/volumeattachments',
        (node, a) => this.#get(node, a, () => this.graph.owns(node, 'attachment', a.name)),
      ],
      ['/serviceaccounts', (node, a) => this.#serviceAccount(node, a)],
      ['coordination.k8s.io/leases', lease],
      ['storage.k8s.io/csinodes', csiNode],
      ['resource.k8s.io/resourceslices', (node, a) => this.#resourceSlice(node, a)],
      ['/nodes', ownNode],
      ['/pods', (node, a) => this.#pod(node, a)],
    ]);
  }

  authorize(attributes: RequestAttributes): Decision {
    const node = nodeNameOf(attributes.user);
    if (node === undefined) return NO_OPINION;
    if (node === '') return because(`unknown node for user ${JSON.stringify(attributes.user.name)}`);
    const check = attributes.isResource ? this.#checks.get(`${attributes.group}/${attributes.resource}`) : undefined;
    if (check) return check(node, attributes);
    return this.#byRules(attributes);
  }

  #byRules(attributes: RequestAttributes): Decision {
    return this.rules.some((rule) => ruleAllows(rule, attributes)) ? ALLOW : NO_OPINION;
  }

  #related(node: string, attributes: RequestAttributes, isRelated: () => boolean): Decision {
    if (attributes.name === '') return because('No Object name found');
    return isRelated() ? ALLOW : unrelated(node);
  }

  #get(node: string, attributes: RequestAttributes, isRelated: () => boolean): Decision {
    if (attributes.verb !== 'get') return because('can only get individual resources of this type');
    if (attributes.subresource !== '') return because('cannot get subresource');
    return this.#related(node, attributes, isRelated);
  }

  #getReferred(node: string, kind: ReferredKind, a: RequestAttributes): Decision {
    return this.#get(node, a, () => this.graph.refers(node, kind, a.namespace, a.name));
  }

  #readNamespaced(node: string, kind: ReferredKind, a: RequestAttributes): Decision {
    if (!['get', 'list', 'watch'].includes(a.verb)) return because('can only read resources of this type');
    if (a.subresource !== '') return because('cannot read subresource');
    if (a.namespace === '') return because('can only read namespaced object of this type');
    return this.#related(node, a, () => this.graph.refers(node, kind, a.namespace, a.name));
  }

  #claim(node: string, a: RequestAttributes): Decision {
    if (a.subresource !== 'status') return this.#getReferred(node, 'claim', a);
    if (a.verb !== 'update' && a.verb !== 'patch') return because('can only get/update/patch this type');
    return this.#related(node, a, () => this.graph.refers(node, 'claim', a.namespace, a.name));
  }

  #serviceAccount(node: string, a: RequestAttributes): Decision {
    const isRelated = (): boolean => this.graph.refers(node, 'serviceaccount', a.namespace, a.name);
    if (a.verb === 'get' && a.subresource === '') return this.#related(node, a, isRelated);
    if (a.verb !== 'create' || a.name === '') return because('can only create tokens for individual service accounts');
    if (a.subresource !== 'token') return because('can only create token subresource of serviceaccount');
    return isRelated() ? ALLOW : unrelated(node);
  }

  #resourceSlice(node: string, a: RequestAttributes): Decision {
    if (a.subresource !== '') return because('cannot authorize ResourceSlice subresources');
    if (a.verb === 'create') return ALLOW;
    if (['get', 'update', 'patch', 'delete'].includes(a.verb)) {
      return this.#related(node, a, () => this.graph.owns(node, 'slice', a.name));
    }
    if (['watch', 'list', 'deletecollection'].includes(a.verb)) {
      if (selects(a, 'nodeName', node)) return ALLOW;
      return because('can only list/watch/deletecollection resourceslices with nodeName field selector');
    }
    return because(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    );
  }

  #pod(node: string, a: RequestAttributes): Decision {
    switch (a.subresource) {
      case '':
        return this.#wholePod(node, a);
      case 'status':
        return a.verb === 'update' || a.verb === 'patch' ? ALLOW : NO_OPINION;
      case 'eviction':
        return a.verb === 'create' ? ALLOW : NO_OPINION;
      default:
        return NO_OPINION;
    }
  }

  #wholePod(node: string, a: RequestAttributes): Decision {
    switch (a.verb) {
      case 'get':
        return this.#getReferred(node, 'pod', a);
      case 'list':
      case 'watch':
        if (selects(a, 'spec.nodeName', node)) return ALLOW;
        if (a.name !== '') return this.#related(node, a, () => this.graph.refers(node, 'pod', a.namespace, a.name));
        return because('can only list/watch pods with spec.nodeName field selector');
      case 'create':
      case 'delete':
        return ALLOW; // mirror Pods
      default:
        return NO_OPINION;
    }
  }
}

function lease(node: string, a: RequestAttributes): Decision {
  if (!OWN_OBJECT_VERBS.has(a.verb)) return because('can only get, create, update, patch, or delete a node lease');
  if (a.namespace !== LEASE_NAMESPACE) {
    return because(`can only access leases in the ${JSON.stringify(LEASE_NAMESPACE)} system namespace`);
  }
  if (a.verb !== 'create' && a.name !== node) {
    return because('can only access node lease with the same name as the requesting node');
  }
  return ALLOW;
}

function csiNode(node: string, a: RequestAttributes): Decision {
  if (!OWN_OBJECT_VERBS.has(a.verb)) return because('can only get, create, update, patch, or delete a CSINode');
  if (a.subresource !== '') return because('cannot authorize CSINode subresources');
  if (a.verb !== 'create' && a.name !== node) {
    return because('can only access CSINode with the same name as the requesting node');
  }
  return ALLOW;
}

function ownNode(node: string, a: RequestAttributes): Decision {
  if (a.subresource === 'status') return a.verb === 'update' || a.verb === 'patch' ? ALLOW : NO_OPINION;
  if (a.subresource !== '') return NO_OPINION;
  if (['create', 'update', 'patch'].includes(a.verb)) return ALLOW;
  if (!['get', 'list', 'watch'].includes(a.verb)) return NO_OPINION;
  if (a.name === node) return ALLOW;
  if (a.name === '') return because(`node '${node}' cannot read all nodes, only its own Node object`);
  return because(`node '${node}' cannot read '${a.name}', only its own Node object`);
}

/** Whether the field selector asks for exactly this value of a field. A selector that cannot be read asks for nothing. */
function selects(attributes: RequestAttributes, field: string, value: string): boolean {
  if (!attributes.fieldSelector) return false;
  try {
    return parseFieldSelector(attributes.fieldSelector).requirements.some(
      (r) => r.field === field && r.op === '=' && r.value === value,
    );
  } catch {
    return false;
  }
}
