/**
 * The feed: people's requests from the audit trails, what the cluster does from Events and Nodes, in one ring.
 *
 * Owns: the ring, the rates, what it follows in the storage. Costs: a component's request two comparisons, a person's
 * write a line; nothing is read from disk, and nobody is waited for.
 */
import type { Event, Node, Pod } from '@regatta/api';
import type { AuditRecord, AuditSink, AuditVerdict } from '../audit/mod.ts';
import type { UserInfo } from '../auth/identity.ts';
import { PODS } from '../auth/resource-refs.ts';
import { INVITED_PREFIX } from '../guests/guest-tokens.ts';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import type { ServerContext } from '../server/context.ts';
import { isPerson } from '../server/presence.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { type ObjectEvent, storageKey } from '../storage/object-storage.ts';
import { eventLine, nodeLine, readiness } from './cluster-words.ts';
import type { FeedLine } from './feed-entry.ts';
import { FeedRing } from './feed-ring.ts';
import { LineRate } from './line-rate.ts';
import { requestLine } from './request-words.ts';

const NOTHING: AuditVerdict = { level: 'None', omitStages: [], omitManagedFields: false };
const OUTCOME: AuditVerdict = {
  level: 'Metadata',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  omitManagedFields: false,
};
/** What lasts is told when it begins. */
const BEGINNING: AuditVerdict = { ...OUTCOME, omitStages: ['RequestReceived'] };
/** How many were wanted is in the body. */
const WITH_BODY: AuditVerdict = { ...OUTCOME, level: 'Request' };

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
const CONNECTS = new Set(['exec', 'attach', 'portforward', 'proxy']);
const UNTOLD_GROUPS = new Set([
  'authorization.k8s.io',
  'authentication.k8s.io',
  'coordination.k8s.io',
  'events.k8s.io',
]);
/** Beyond so many Pods nobody counts those of one node. */
const MOST_COUNTED = 20_000;

export class Feed implements AuditSink {
  readonly ring: FeedRing;
  readonly #rate: LineRate;
  readonly #server: ServerContext;
  readonly #resources: ResourceRegistry;
  readonly #began: number;
  readonly #unfollow: readonly (() => void)[];

  constructor(server: ServerContext, resources: ResourceRegistry) {
    this.#server = server;
    this.#resources = resources;
    this.ring = new FeedRing(server.random.uuid().slice(0, 8));
    this.#began = server.clock.now();
    this.#rate = new LineRate(server.clock.real, (line) => this.#show(line));
    const { storage } = server;
    this.#unfollow = [
      storage.onEvent(storageKey('', 'events'), (event) => this.#onEvent(event)),
      storage.onEvent(storageKey('', 'nodes'), (event) => this.#onNode(event)),
    ];
  }

  verdict(user: UserInfo, info: RequestInfo): AuditVerdict {
    if (!isPerson(user)) return user.name.startsWith(INVITED_PREFIX) ? OUTCOME : NOTHING;
    if (!info.isResource) return info.path.startsWith('/regatta/') && info.verb !== 'get' ? OUTCOME : NOTHING;
    if (CONNECTS.has(info.subresource)) return BEGINNING;
    if (!WRITES.has(info.verb) || UNTOLD_GROUPS.has(info.group) || info.resource === 'events') return NOTHING;
    return info.subresource === 'scale' || info.verb === 'patch' ? WITH_BODY : OUTCOME;
  }

  write(record: AuditRecord): void {
    const { stage, info, code = 0 } = record;
    // What lasts is told once: when it begins, or when it was refused.
    if (CONNECTS.has(info.subresource) && stage === 'ResponseComplete' && code < 400) return;
    const who = (record.impersonated ?? record.user).name;
    this.#rate.add(`by ${who}`, () => requestLine(record, (asked) => this.#kindOf(asked)));
  }

  close(): void {
    for (const stop of this.#unfollow) stop();
    this.#rate.close();
  }

  #onEvent({ type, current }: ObjectEvent): void {
    if (type !== 'ADDED') return;
    const line = eventLine(current.object as Event);
    if (line) this.#rate.add(line.scope === 'nodes' ? 'nodes' : `in ${line.scope.namespace}`, () => line);
  }

  #onNode({ type, current, previous }: ObjectEvent): void {
    const node = current.object as Node;
    const before = previous?.object as Node | undefined;
    if (type === 'MODIFIED' && readiness(node) === readiness(before)) return;
    this.#rate.add('nodes', () => nodeLine(type, node, before, () => this.#podsOn(node.metadata.name)));
  }

  #podsOn(node: string): number | undefined {
    const found = this.#server.storage.list(storageKey('', PODS.resource), { limit: MOST_COUNTED });
    if (found instanceof Promise || found.continueAfter !== undefined) return undefined;
    return found.items.filter(({ object }) => (object as Pod).spec.nodeName === node).length;
  }

  #kindOf({ group, version, resource }: RequestInfo): string {
    return this.#resources.get(group, version, resource)?.kind.toLowerCase() ?? resource;
  }

  #show(line: FeedLine): void {
    const now = this.#server.clock.now();
    this.ring.add(line, now, this.#server.clock.elapsed(this.#began, now));
  }
}
