/**
 * A client whose every request on ConfigMaps is recorded, whatever its transport.
 *
 * An answer that tells of the state is `refused`; no answer is `unknown`, unless nobody can have had the request. Any other
 * refusal is no crash's doing and is thrown: it ends the run.
 */
import { type ConfigMap, isGone, resourcePath, type Status, StatusError } from '@regatta/api';
import { BusError } from '@regatta/bus';
import {
  type ApiClient,
  isUnanswered,
  jsonCodec,
  type ListOptions,
  type ListResult,
  type ResourceClient,
  resources,
} from '@regatta/client';
import type { Call, Data, Item, ListRecord, Outcome, Refusal, Version } from './operation.ts';
import type { HistoryRecorder } from './recorder.ts';

export interface ListAsked {
  readonly limit?: number;
  readonly asked?: { readonly revision: number; readonly match: 'Exact' | 'NotOlderThan' };
}

/** How often a page is asked for before its list is given up: a server is back sooner. */
const PAGE_ATTEMPTS = 200;
const PAGE_PAUSE_MS = 50;

export class ObservedClient {
  readonly configMaps: ResourceClient<ConfigMap>;
  /** What this client saw last of each object. */
  readonly seen = new Map<string, Version>();

  constructor(
    readonly name: string,
    readonly api: ApiClient,
    readonly recorder: HistoryRecorder,
  ) {
    this.configMaps = api.resource(resources.configMaps);
  }

  async perform(key: string, call: Call): Promise<Outcome> {
    const outcome = await this.recorder.record(this.name, key, call, () =>
      this.#carryOut(key, call).then(answered, (error: unknown) => outcomeOf(error)),
    );
    if (outcome.type === 'ok' && outcome.version) this.seen.set(key, outcome.version);
    return outcome;
  }

  /** Lists a namespace, page by page. @returns what was recorded; undefined when it was given up */
  async list(namespace: string, { limit, asked }: ListAsked, signal: AbortSignal): Promise<ListRecord | undefined> {
    const start = this.recorder.now();
    const first: ListOptions = {
      namespace,
      ...(limit === undefined ? {} : { limit }),
      ...(asked ? { resourceVersion: String(asked.revision), resourceVersionMatch: asked.match } : {}),
    };
    const page = await this.configMaps.list(first).catch(noPage);
    if (!page) return undefined;
    const end = this.recorder.now();
    const revisions = [Number(page.resourceVersion)];
    const items = page.items.map(itemOf);
    for (let token = page.continue; token; ) {
      const next = await this.#page({ namespace, limit: limit ?? 0, continue: token }, signal);
      if (!next) return undefined;
      revisions.push(Number(next.resourceVersion));
      items.push(...next.items.map(itemOf));
      token = next.continue;
    }
    const record = { client: this.name, namespace, start, end, ...(asked ? { asked } : {}), revisions, items };
    this.recorder.lists.push(record);
    return record;
  }

  /** A page of a list that has begun, from whatever server there is next; undefined when its state is compacted away. */
  async #page(options: ListOptions, signal: AbortSignal): Promise<ListResult<ConfigMap> | undefined> {
    for (let attempt = 0; attempt < PAGE_ATTEMPTS && !signal.aborted; attempt++) {
      try {
        return await this.configMaps.list(options);
      } catch (error) {
        if (isGone(error)) return undefined;
        noPage(error);
      }
      await new Promise((resolve) => setTimeout(resolve, PAGE_PAUSE_MS));
    }
    return undefined;
  }

  async #carryOut(key: string, call: Call): Promise<ConfigMap | Status> {
    const [namespace = '', name = ''] = key.split('/');
    switch (call.kind) {
      case 'get':
        return this.configMaps.get(name, namespace);
      case 'create':
        return this.configMaps.create({ metadata: { name, namespace }, data: { ...call.data } });
      case 'update':
        return this.configMaps.update({ metadata: metadataOf(name, namespace, call.expected), data: { ...call.data } });
      case 'patch': {
        const metadata = call.expected === undefined ? {} : { metadata: { resourceVersion: String(call.expected) } };
        return this.configMaps.patch(name, { namespace, type: 'merge', body: { ...metadata, data: call.set } });
      }
      case 'apply':
        return this.#apply(name, namespace, call.set);
      case 'delete': {
        const preconditions = call.expected === undefined ? undefined : { resourceVersion: String(call.expected) };
        return this.configMaps.delete(name, { namespace, ...(preconditions ? { preconditions } : {}) });
      }
    }
  }

  async #apply(name: string, namespace: string, data: Data): Promise<ConfigMap> {
    const path = resourcePath(this.configMaps.ref, namespace, name);
    const response = await this.api.send({
      method: 'PATCH',
      url: `${path}?fieldManager=${this.name}&force=true`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: jsonCodec.encode({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }),
    });
    const body = this.api.transport.codec.decode(response.body);
    if (response.code >= 300) throw new StatusError(body as Status);
    return body as ConfigMap;
  }
}

function metadataOf(name: string, namespace: string, expected: number | undefined): ConfigMap['metadata'] {
  return { name, namespace, ...(expected === undefined ? {} : { resourceVersion: String(expected) }) };
}

/** What stands in an answer: the object, or for a delete the Status that names what was deleted. */
function answered(body: ConfigMap | Status): Outcome {
  if (body.kind === 'Status') {
    const { uid } = (body as Status).details ?? {};
    return { type: 'ok', ...(uid === undefined ? {} : { uid }) };
  }
  const { revision, data } = itemOf(body as ConfigMap);
  return { type: 'ok', version: { revision, data } };
}

export function itemOf({ metadata, data }: ConfigMap): Item {
  const { namespace = '', name, resourceVersion } = metadata;
  return { key: `${namespace}/${name}`, revision: Number(resourceVersion), data: { ...data } };
}

const REFUSALS: readonly string[] = ['NotFound', 'AlreadyExists', 'Conflict'] satisfies Refusal[];

/** @throws the error when it is neither a refusal that tells of the state nor a missing answer */
export function outcomeOf(error: unknown): Outcome {
  const { message } = error as Error;
  if (isUnanswered(error)) return { type: nobodyHadIt(error) ? 'none' : 'unknown', message };
  if (!(error instanceof StatusError)) throw error;
  if (REFUSALS.includes(error.reason)) return { type: 'refused', reason: error.reason as Refusal };
  if (error.code === 429) return { type: 'none', message };
  if (error.code >= 500) return { type: 'unknown', message };
  throw error;
}

/** The server was down when the connection was to be made, or the broker found nobody to give the request to. */
function nobodyHadIt(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (cause instanceof BusError) return cause.code === 'no-responders';
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

/** No page this time. @throws what is no missing answer */
function noPage(error: unknown): undefined {
  if (isGone(error) || isUnanswered(error)) return undefined;
  if (error instanceof StatusError && (error.code >= 500 || error.code === 429)) return undefined;
  throw error;
}
