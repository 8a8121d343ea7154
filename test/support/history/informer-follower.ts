/**
 * An informer that is held to its promises (HIST-30): handlers hear of each object as a life — added, updated to newer revisions,
 * deleted — and the copy ends as the truth is.
 */
import type { ConfigMap } from '@regatta/api';
import { type ApiClient, Informer, resources } from '@regatta/client';
import { type Random, SystemClock, silentLogger } from '@regatta/runtime';
import { itemOf } from './observed-client.ts';
import type { Item, Violation } from './operation.ts';

export class InformerFollower {
  readonly violations: Violation[] = [];
  readonly #informer: Informer<ConfigMap>;
  readonly #last = new Map<string, number>();
  heard = 0;

  constructor(
    readonly name: string,
    client: ApiClient,
    readonly namespace: string,
    random: Random,
  ) {
    this.#informer = new Informer({
      client: client.resource(resources.configMaps),
      namespace,
      clock: new SystemClock(),
      logger: silentLogger,
      random,
    });
    this.#informer.addHandler({
      onAdd: (object) => this.#added(itemOf(object)),
      onUpdate: (object, old) => this.#updated(itemOf(object), itemOf(old)),
      onDelete: (object) => this.#deleted(itemOf(object)),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#informer.run(signal);
  }

  /** The copy, by key. */
  get revisions(): ReadonlyMap<string, number> {
    return new Map(this.#informer.list().map((object) => [itemOf(object).key, itemOf(object).revision]));
  }

  /** Whether the copy is these items. */
  agrees(items: readonly Item[]): boolean {
    const { revisions } = this;
    return revisions.size === items.length && items.every(({ key, revision }) => revisions.get(key) === revision);
  }

  #added({ key, revision }: Item): void {
    this.heard++;
    const last = this.#last.get(key);
    if (last !== undefined) this.#tell(`${key} was added at ${revision}, and is there at ${last}`);
    this.#last.set(key, revision);
  }

  #updated({ key, revision }: Item, old: Item): void {
    this.heard++;
    const last = this.#last.get(key);
    if (last !== old.revision) this.#tell(`${key} was updated from ${old.revision}, and is there at ${last}`);
    if (revision <= old.revision) this.#tell(`${key} was updated from ${old.revision} back to ${revision}`);
    this.#last.set(key, revision);
  }

  #deleted({ key }: Item): void {
    this.heard++;
    if (!this.#last.delete(key)) this.#tell(`${key} was deleted, and is not there`);
  }

  #tell(message: string): void {
    this.violations.push({ rule: 'HIST-30', message: `informer ${this.name} of ${this.namespace}: ${message}` });
  }
}
