/**
 * Bindings by who they bind, for one scope: the cluster, or one namespace.
 *
 * A binding is entered once per subject, under a key for its user or group; service accounts are entered as the users
 * they are. Worked example: {kind: ServiceAccount, name: robot} in a RoleBinding of namespace `a` is found under
 * `u:system:serviceaccount:a:robot`.
 *
 * Invariants: the entries of a key are ordered by binding name, so that the reason told does not depend on history;
 * a binding that replaces another leaves nothing of the old one.
 */
import type { ClusterRoleBinding, RoleBinding, RoleRef, Subject } from '@regatta/api';
import type { UserInfo } from '../identity.ts';
import { serviceAccountUser } from '../well-known.ts';

export type Binding = ClusterRoleBinding | RoleBinding;

export interface BindingEntry {
  readonly binding: Binding;
  readonly subject: Subject;
  readonly roleRef: RoleRef;
}

export class BindingIndex {
  readonly #bySubject = new Map<string, BindingEntry[]>();
  #bindings = 0;

  /** @param namespace the scope's; empty for the cluster */
  constructor(readonly namespace: string) {}

  get isEmpty(): boolean {
    return this.#bindings === 0;
  }

  add(binding: Binding): void {
    this.#bindings++;
    const entered = new Set<string>();
    for (const subject of binding.subjects ?? []) {
      const key = this.#keyOf(subject);
      if (key === undefined || entered.has(key)) continue;
      entered.add(key);
      this.#enter(key, { binding, subject, roleRef: binding.roleRef });
    }
  }

  remove(binding: Binding): void {
    this.#bindings--;
    for (const subject of binding.subjects ?? []) {
      const key = this.#keyOf(subject);
      if (key === undefined) continue;
      const left = this.#bySubject.get(key)?.filter((e) => e.binding.metadata.name !== binding.metadata.name) ?? [];
      if (left.length > 0) this.#bySubject.set(key, left);
      else this.#bySubject.delete(key);
    }
  }

  /** What binds this user, by name first, then by each group. */
  *entriesFor(user: UserInfo): Generator<BindingEntry> {
    yield* this.#bySubject.get(`u:${user.name}`) ?? [];
    for (const group of user.groups) yield* this.#bySubject.get(`g:${group}`) ?? [];
  }

  #enter(key: string, entry: BindingEntry): void {
    const entries = this.#bySubject.get(key);
    if (!entries) {
      this.#bySubject.set(key, [entry]);
      return;
    }
    const { name } = entry.binding.metadata;
    const after = entries.findIndex((e) => e.binding.metadata.name > name);
    entries.splice(after < 0 ? entries.length : after, 0, entry);
  }

  #keyOf(subject: Subject): string | undefined {
    if (subject.kind === 'User') return `u:${subject.name}`;
    if (subject.kind === 'Group') return `g:${subject.name}`;
    const namespace = subject.namespace || this.namespace;
    if (subject.kind !== 'ServiceAccount' || namespace === '') return undefined;
    return `u:${serviceAccountUser({ namespace, name: subject.name })}`;
  }
}
