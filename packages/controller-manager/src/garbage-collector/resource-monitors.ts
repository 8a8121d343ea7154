/**
 * Watches every resource that can be deleted, found by discovery, and tells the object graph
 * (pkg/controller/garbagecollector/graph_builder.go, syncMonitors).
 *
 * Invariants: a resource that the process watches anyway is not watched twice; for the others only metadata is fetched and
 * kept; a resource that is no longer served is not watched any more. Events are not watched: they own and are owned by
 * nothing, and come in floods.
 */
import { apiVersionOf, type KubeObject, resourceName } from '@regatta/api';
import { type ApiClient, Informer } from '@regatta/client';
import type { DiscoveredResource, Discovery } from '../discovery/discovery.ts';
import type { ControllerContext } from '../framework/controller.ts';
import { MetadataClient, ownershipOnly } from './metadata-client.ts';
import type { ObjectGraph } from './object-graph.ts';

const IGNORED: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io']);
const NEEDED_VERBS = ['delete', 'list', 'watch'];

interface Monitor {
  readonly informer: Informer<KubeObject>;
  stop(): void;
}

export class ResourceMonitors {
  readonly #monitors = new Map<string, Monitor>();
  readonly #kinds = new Map<string, DiscoveredResource>();
  readonly #client: ApiClient;

  constructor(
    readonly context: ControllerContext,
    client: ApiClient,
    readonly onDeleted: (object: KubeObject) => void = () => {},
  ) {
    this.#client = new MetadataClient(client.transport, client.options);
  }

  /** The resource that serves a kind; undefined when none does, as far as is known. */
  resourceOf(apiVersion: string, kind: string): DiscoveredResource | undefined {
    return this.#kinds.get(`${apiVersion}/${kind}`);
  }

  /** Starts and stops monitors so that they fit what is served now. */
  sync({ resources, failures }: Discovery, graph: ObjectGraph, signal: AbortSignal): void {
    if (failures.size === 0) this.#kinds.clear();
    for (const resource of resources) this.#kinds.set(`${apiVersionOf(resource)}/${resource.kind}`, resource);
    const wanted = new Map(resources.filter(isCollected).map((resource) => [resourceName(resource), resource]));
    for (const [name, monitor] of this.#monitors) {
      // While some groups can't be read, their resources are not gone.
      if (wanted.has(name) || failures.size > 0) continue;
      monitor.stop();
      this.#monitors.delete(name);
    }
    for (const [name, resource] of wanted) {
      if (!this.#monitors.has(name)) this.#monitors.set(name, this.#start(resource, graph, signal));
    }
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#monitors.values()].map(({ informer }) => informer.whenSynced(signal)));
  }

  #start(resource: DiscoveredResource, graph: ObjectGraph, signal: AbortSignal): Monitor {
    const apiVersion = apiVersionOf(resource);
    const observe = (object: KubeObject): void => graph.observe(apiVersion, resource.kind, object);
    const onDelete = (object: KubeObject): void => {
      graph.remove(uid(object));
      this.onDeleted(object);
    };
    const handler = { onAdd: observe, onUpdate: observe, onDelete };
    const { informers, clock, logger } = this.context;
    if (informers.has(resource)) {
      const informer = informers.for(resource);
      return { informer, stop: informer.addHandler(handler) };
    }
    const client = this.#client.resource(resource);
    const informer = new Informer<KubeObject>({ client, clock, logger, transform: ownershipOnly });
    informer.addHandler(handler);
    const ended = new AbortController();
    void informer.run(AbortSignal.any([signal, ended.signal]));
    return { informer, stop: () => ended.abort() };
  }
}

function isCollected(resource: DiscoveredResource): boolean {
  return NEEDED_VERBS.every((verb) => resource.verbs.has(verb)) && !IGNORED.has(resourceName(resource));
}

function uid(object: KubeObject): string {
  return object.metadata.uid ?? '';
}
