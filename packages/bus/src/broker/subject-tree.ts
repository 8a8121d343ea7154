/**
 * Finds the subscriptions that match a subject: a tree by tokens, with the answers for recent subjects remembered.
 *
 * Worked example: `a.*` and `a.b` are two leaves under node `a`; matching `a.b` takes the literal child `b` and the `*`
 * child, and every `>` child on the way.
 * Invariant: a remembered answer is dropped with the next change; at most CACHE_LIMIT are kept.
 */
export interface SubscriptionLike {
  readonly subject: string;
  /** Empty for none. */
  readonly queue: string;
}

export interface Matches<S> {
  /** Each gets the message. */
  readonly plain: readonly S[];
  /** One of each group gets it. */
  readonly queues: readonly (readonly S[])[];
}

interface TreeNode<S> {
  readonly children: Map<string, TreeNode<S>>;
  readonly subscriptions: Set<S>;
}

const CACHE_LIMIT = 16_384;

export class SubjectTree<S extends SubscriptionLike> {
  readonly #root: TreeNode<S> = newNode();
  readonly #cache = new Map<string, Matches<S>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(subscription: S): void {
    let node = this.#root;
    for (const token of subscription.subject.split('.')) {
      const child = node.children.get(token) ?? newNode<S>();
      node.children.set(token, child);
      node = child;
    }
    node.subscriptions.add(subscription);
    this.#size++;
    this.#cache.clear();
  }

  delete(subscription: S): void {
    if (!remove(this.#root, subscription.subject.split('.'), 0, subscription)) return;
    this.#size--;
    this.#cache.clear();
  }

  match(subject: string): Matches<S> {
    const known = this.#cache.get(subject);
    if (known) return known;
    const found: S[] = [];
    collect(this.#root, subject.split('.'), 0, found);
    const matches = grouped(found);
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear();
    this.#cache.set(subject, matches);
    return matches;
  }
}

function newNode<S>(): TreeNode<S> {
  return { children: new Map(), subscriptions: new Set() };
}

/** Removes a subscription and the nodes that stand empty then. */
function remove<S>(node: TreeNode<S>, tokens: readonly string[], at: number, subscription: S): boolean {
  const token = tokens[at];
  if (token === undefined) return node.subscriptions.delete(subscription);
  const child = node.children.get(token);
  if (!child || !remove(child, tokens, at + 1, subscription)) return false;
  if (child.children.size === 0 && child.subscriptions.size === 0) node.children.delete(token);
  return true;
}

function collect<S>(node: TreeNode<S>, tokens: readonly string[], at: number, found: S[]): void {
  const token = tokens[at];
  if (token === undefined) {
    found.push(...node.subscriptions);
    return;
  }
  found.push(...(node.children.get('>')?.subscriptions ?? []));
  const any = node.children.get('*');
  if (any) collect(any, tokens, at + 1, found);
  // A message may be published to a wildcard's own text, whose subscriptions have been taken already.
  const literal = token === '*' || token === '>' ? undefined : node.children.get(token);
  if (literal) collect(literal, tokens, at + 1, found);
}

function grouped<S extends SubscriptionLike>(found: readonly S[]): Matches<S> {
  const groups = new Map<string, S[]>();
  for (const subscription of found) {
    if (subscription.queue === '') continue;
    const group = groups.get(subscription.queue);
    if (group) group.push(subscription);
    else groups.set(subscription.queue, [subscription]);
  }
  return { plain: found.filter(({ queue }) => queue === ''), queues: [...groups.values()] };
}
