/**
 * All RBAC objects in memory, and which rules apply to whom (upstream: pkg/registry/rbac/validation/rule.go).
 *
 * Owns: the maps below, fed by followObjects. Invariant: they hold every durable write, because storage calls back
 * synchronously; a decision right after a write therefore sees it.
 */
import { type ClusterRole, type PolicyRule, type Role, type RoleRef, statusErrors } from '@regatta/api';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { followObjects, type ObjectFollower } from '../follow-objects.ts';
import type { UserInfo } from '../identity.ts';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES } from '../resource-refs.ts';
import { type Binding, type BindingEntry, BindingIndex } from './binding-index.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** The rules that one binding gives, or why they could not be found. */
export type Grant =
  | { readonly entry: BindingEntry; readonly rules: readonly PolicyRule[] }
  | { readonly entry: BindingEntry; readonly error: string };

export class PolicyIndex {
  readonly #clusterRoles = new Map<string, readonly PolicyRule[]>();
  /** `namespace/name` → rules. */
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  readonly #clusterBindings = new BindingIndex('');
  readonly #bindings = new Map<string, BindingIndex>();
  readonly #stops: (() => void)[];

  constructor(storage: ObjectStorage) {
    this.#stops = [
      followObjects<ClusterRole>(storage, CLUSTER_ROLES, {
        set: (role) => this.#clusterRoles.set(role.metadata.name, role.rules ?? []),
        remove: (role) => this.#clusterRoles.delete(role.metadata.name),
      }),
      followObjects<Role>(storage, ROLES, {
        set: (role) => this.#roles.set(keyOfRole(role), role.rules ?? []),
        remove: (role) => this.#roles.delete(keyOfRole(role)),
      }),
      followObjects(storage, CLUSTER_ROLE_BINDINGS, this.#bindingFollower()),
      followObjects(storage, ROLE_BINDINGS, this.#bindingFollower()),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** What the user is granted: by the cluster's bindings first, then by those of `namespace`, when one is given. */
  *grantsFor(user: UserInfo, namespace: string): Generator<Grant> {
    for (const entry of this.#clusterBindings.entriesFor(user)) yield this.#grant(entry, '');
    if (namespace === '') return;
    const local = this.#bindings.get(namespace);
    if (!local) return;
    for (const entry of local.entriesFor(user)) yield this.#grant(entry, namespace);
  }

  /** The rules of a role that a binding refers to. @param namespace the binding's; empty for the cluster's */
  rulesOf(roleRef: RoleRef, namespace: string): { readonly rules: readonly PolicyRule[] } | { readonly error: string } {
    const isRole = roleRef.kind === 'Role';
    if (!isRole && roleRef.kind !== 'ClusterRole') {
      return { error: `unsupported role reference kind: ${JSON.stringify(roleRef.kind)}` };
    }
    const rules = isRole ? this.#roles.get(`${namespace}/${roleRef.name}`) : this.#clusterRoles.get(roleRef.name);
    if (rules !== undefined) return { rules };
    const resource = isRole ? 'role' : 'clusterrole';
    return { error: statusErrors.notFound({ group: RBAC_GROUP, resource }, roleRef.name).message };
  }

  #grant(entry: BindingEntry, namespace: string): Grant {
    return { entry, ...this.rulesOf(entry.roleRef, namespace) };
  }

  #bindingFollower<T extends Binding>(): ObjectFollower<T> {
    return {
      set: (binding, previous) => {
        if (previous) this.#removeBinding(previous);
        this.#scope(binding).add(binding);
      },
      remove: (binding) => this.#removeBinding(binding),
    };
  }

  #removeBinding(binding: Binding): void {
    const scope = this.#scope(binding);
    scope.remove(binding);
    if (scope.isEmpty) this.#bindings.delete(scope.namespace);
  }

  #scope({ metadata: { namespace } }: Binding): BindingIndex {
    if (!namespace) return this.#clusterBindings;
    let scope = this.#bindings.get(namespace);
    if (!scope) {
      scope = new BindingIndex(namespace);
      this.#bindings.set(namespace, scope);
    }
    return scope;
  }
}

function keyOfRole({ metadata: { namespace, name } }: Role): string {
  return `${namespace ?? ''}/${name}`;
}
