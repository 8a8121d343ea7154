/**
 * What a watch says, from its beginning to its end, in order: so that a test can tell what happened in between, and not
 * only how it ended.
 */
import type { KubeObject, Node, Pod } from '@regatta/api';
import { type ApiClient, resources } from '@regatta/client';
import type { TestCluster } from './cluster.ts';

export interface RecordedEvent<T extends KubeObject> {
  /** Milliseconds since the epoch at which it was heard. */
  readonly at: number;
  readonly type: string;
  readonly object: T;
}

export class Recording {
  readonly pods: RecordedEvent<Pod>[] = [];
  readonly nodes: RecordedEvent<Node>[] = [];
  readonly #abort = new AbortController();
  readonly #streams: Promise<void>[] = [];
  readonly #close: () => void;

  private constructor(
    cluster: TestCluster,
    readonly resumes: boolean,
  ) {
    const { client, close } = cluster.client();
    this.#close = close;
    for (const stream of [
      this.#follow(client, resources.pods, this.pods),
      this.#follow(client, resources.nodes, this.nodes),
    ]) {
      // It may break long before anybody asks.
      stream.catch(() => {});
      this.#streams.push(stream);
    }
  }

  /**
   * Resolves when it has seen what is there.
   * @param resumes a watch that breaks goes on from where it was; otherwise `stop` throws
   */
  static async start(cluster: TestCluster, { resumes = false } = {}): Promise<Recording> {
    const recording = new Recording(cluster, resumes);
    while (recording.nodes.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return recording;
  }

  /** Ends it. @throws Error when a watch broke before */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#streams);
    this.#close();
  }

  /** Whether the API said, since the given number of events, that a node is lost. */
  lostNodes(since = 0): string[] {
    const lost = this.nodes.slice(since).filter(({ object }) => readyOf(object) === 'Unknown');
    return [...new Set(lost.map(({ object }) => object.metadata.name))];
  }

  /** The uids that Pods of this name had, each once, in order. */
  uidsOf(pod: string): string[] {
    const found = this.pods.filter(({ object }) => object.metadata.name === pod);
    return [...new Set(found.map(({ object }) => object.metadata.uid ?? ''))];
  }

  async #follow<T extends KubeObject>(
    client: ApiClient,
    resource: Parameters<typeof client.resource<T>>[0],
    into: RecordedEvent<T>[],
  ): Promise<void> {
    const { signal } = this.#abort;
    let resourceVersion: string | undefined;
    do {
      try {
        const from = resourceVersion === undefined ? {} : { resourceVersion };
        for await (const event of client.resource<T>(resource).watch(from, signal)) {
          into.push({ at: Date.now(), ...event });
          resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        }
      } catch (error) {
        if (!signal.aborted && !this.resumes) throw error;
      }
      if (this.resumes) await new Promise((resolve) => setTimeout(resolve, 100));
    } while (this.resumes && !signal.aborted);
  }
}

export function readyOf(node: Node): string | undefined {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}
