/**
 * Who owns whom, of all objects that the garbage collector watches (pkg/controller/garbagecollector/graph_builder.go).
 *
 * Owns: the nodes. A node is *virtual* until a watch has shown its object: it stands for an owner that only an
 * ownerReference tells of. Invariants: a node is a dependent of exactly the nodes that its `owners` name, and those
 * exist (virtual where need be); the graph asks for work through `attemptToDelete` and `attemptToOrphan` and never
 * writes to the API itself.
 */
import type { KubeObject, OwnerReference } from '@regatta/api';

export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly uid: string;
}

export interface GraphNode {
  identity: Identity;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  beingDeleted: boolean;
  /** Being deleted in the foreground: it waits for the dependents that block it. */
  deletingDependents: boolean;
  virtual: boolean;
}

export interface GraphWork {
  /** The node may have lost its last owner, or waits for dependents. */
  attemptToDelete(node: GraphNode): void;
  attemptToOrphan(node: GraphNode): void;
  /** The owner with this uid does not exist; nobody needs to ask the API again. */
  ownerGone(uid: string): void;
}

export class ObjectGraph {
  readonly #nodes = new Map<string, GraphNode>();

  /** @param isNamespaced whether an owner of this apiVersion and kind has a namespace; undefined when not known */
  constructor(
    readonly work: GraphWork,
    readonly isNamespaced: (apiVersion: string, kind: string) => boolean | undefined,
  ) {}

  get size(): number {
    return this.#nodes.size;
  }

  node(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  /** An object was added or changed. */
  observe(apiVersion: string, kind: string, object: KubeObject): void {
    const { name, namespace = '', uid = '', ownerReferences = [] } = object.metadata;
    const identity = { apiVersion, kind, name, namespace, uid };
    const node = this.#nodes.get(uid);
    if (node) {
      node.identity = identity;
      node.virtual = false;
      this.#changeOwners(node, ownerReferences);
    } else {
      this.#insert({ ...newNode(identity), owners: ownerReferences });
    }
    this.#transition(this.#nodes.get(uid) as GraphNode, object);
  }

  /** An object is gone, or never was. */
  remove(uid: string): void {
    const node = this.#nodes.get(uid);
    if (!node) return;
    this.#nodes.delete(uid);
    this.#detach(node, node.owners);
    if (node.dependents.size > 0) this.work.ownerGone(uid);
    for (const dependent of node.dependents) this.work.attemptToDelete(dependent);
    for (const { uid: ownerUid } of node.owners) {
      const owner = this.#nodes.get(ownerUid);
      if (owner?.deletingDependents) this.work.attemptToDelete(owner);
    }
  }

  #insert(node: GraphNode): void {
    this.#nodes.set(node.identity.uid, node);
    this.#attach(node, node.owners);
  }

  #changeOwners(node: GraphNode, next: readonly OwnerReference[]): void {
    const old = node.owners;
    node.owners = next;
    const added = next.filter(({ uid }) => !old.some((owner) => owner.uid === uid));
    const removed = old.filter(({ uid }) => !next.some((owner) => owner.uid === uid));
    this.#attach(node, added);
    this.#detach(node, removed);
    const unblocked = next.filter(
      ({ uid, blockOwnerDeletion }) =>
        !blockOwnerDeletion && old.some((owner) => owner.uid === uid && owner.blockOwnerDeletion),
    );
    for (const { uid } of [...removed, ...unblocked]) {
      const owner = this.#nodes.get(uid);
      if (owner?.deletingDependents) this.work.attemptToDelete(owner);
    }
  }

  /** Makes the node a dependent of its owners; an owner nobody has seen becomes a virtual node, to be looked for. */
  #attach(node: GraphNode, owners: readonly OwnerReference[]): void {
    for (const owner of owners) {
      const known = this.#nodes.get(owner.uid);
      if (known) {
        known.dependents.add(node);
        continue;
      }
      const namespaced = this.isNamespaced(owner.apiVersion, owner.kind) ?? true;
      const { apiVersion, kind, name, uid } = owner;
      const namespace = namespaced ? node.identity.namespace : '';
      const virtual = { ...newNode({ apiVersion, kind, name, namespace, uid }), virtual: true };
      virtual.dependents.add(node);
      this.#nodes.set(uid, virtual);
      this.work.attemptToDelete(virtual);
    }
  }

  #detach(node: GraphNode, owners: readonly OwnerReference[]): void {
    for (const { uid } of owners) this.#nodes.get(uid)?.dependents.delete(node);
  }

  /** Deletion is a one-way trip: each of its steps is acted on the first time it is seen. */
  #transition(node: GraphNode, { metadata }: KubeObject): void {
    if (!metadata.deletionTimestamp) return;
    node.beingDeleted = true;
    if (metadata.finalizers?.includes(ORPHAN_FINALIZER)) return this.work.attemptToOrphan(node);
    if (!metadata.finalizers?.includes(FOREGROUND_FINALIZER) || node.deletingDependents) return;
    node.deletingDependents = true;
    for (const dependent of node.dependents) this.work.attemptToDelete(dependent);
    this.work.attemptToDelete(node);
  }
}

function newNode(identity: Identity): GraphNode {
  return {
    identity,
    owners: [],
    dependents: new Set(),
    beingDeleted: false,
    deletingDependents: false,
    virtual: false,
  };
}

/** Dependents that keep their owner from going in a foreground deletion. */
export function blockingDependents(node: GraphNode): GraphNode[] {
  return [...node.dependents].filter(({ owners }) =>
    owners.some(({ uid, blockOwnerDeletion }) => uid === node.identity.uid && blockOwnerDeletion),
  );
}
