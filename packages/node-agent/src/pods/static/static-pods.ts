/**
 * The Pods of a machine's own folder: each runs for as long as its manifest is there, whatever the API says, and is shown
 * there by a mirror (upstream: pkg/kubelet/config/file.go, kubelet.go and pkg/kubelet/pod/mirror_client.go).
 *
 * Invariants: a manifest that changes is another Pod, which starts when the one before has ended; a mirror that is
 * deleted, or is of another Pod, goes and comes back; one look at a time.
 */
import { isAlreadyExists, isNotFound, type Node, type Pod } from '@regatta/api';
import type { ClusterClock, Logger, Timer } from '@regatta/runtime';
import type { ObjectApi } from '../../api/ports.ts';
import { uidOf } from '../pod-names.ts';
import type { PodStatuses } from '../pod-statuses.ts';
import type { ManifestSource } from './manifest-folder.ts';
import { MirrorStatuses } from './mirror-statuses.ts';
import { MIRROR, mirrorOf, staticPod } from './static-pod.ts';

/** Cluster milliseconds between looks, whatever was noticed (upstream: fileCheckFrequency). */
const LOOK_MS = 20_000;

export interface StaticPodsOptions {
  readonly source: ManifestSource;
  readonly nodeName: string;
  readonly node: () => Node | undefined;
  readonly pods: Pick<ObjectApi<Pod>, 'create' | 'delete'>;
  readonly statuses: PodStatuses;
  readonly clock: ClusterClock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Runs a Pod that reports to `statuses`. */
  run(pod: Pod, statuses: PodStatuses, onDone: () => void): void;
  /** Ends one whose manifest is gone. */
  end(uid: string): void;
}

interface Running {
  readonly pod: Pod;
  readonly statuses: MirrorStatuses;
  ending: boolean;
}

export class StaticPods {
  /** By namespace and name: of one name one Pod runs at a time. */
  readonly #running = new Map<string, Running>();
  readonly #mirrors = new Map<string, Pod>();
  #wanted: readonly Pod[] = [];
  readonly #seenAt = new Map<string, number>();
  readonly #bad = new Map<string, string>();
  #timer: Timer | undefined;
  #looking = false;
  #again = false;
  /** The API's Pods are known: what has no mirror gets one. */
  #synced = false;

  constructor(private readonly options: StaticPodsOptions) {}

  /** Resolves when the Pods of the folder are known. */
  async start(): Promise<void> {
    const { source, signal } = this.options;
    const stop = source.onChange(() => void this.look());
    signal.addEventListener(
      'abort',
      () => {
        stop();
        this.#timer?.cancel();
      },
      { once: true },
    );
    await this.look();
  }

  synced(): void {
    this.#synced = true;
    void this.look();
  }

  /** The static Pod that a mirror shows. */
  uidOfMirror(uid: string): string | undefined {
    for (const [name, mirror] of this.#mirrors)
      if (uidOf(mirror) === uid) {
        const running = this.#running.get(name);
        return running && uidOf(running.pod);
      }
    return undefined;
  }

  mirrorSeen(mirror: Pod): void {
    const name = fullName(mirror);
    this.#mirrors.set(name, mirror);
    const running = this.#running.get(name);
    if (running && isGood(mirror, running.pod)) running.statuses.mirror(mirror);
    else void this.look();
  }

  mirrorGone(mirror: Pod): void {
    const name = fullName(mirror);
    if (uidOf(this.#mirrors.get(name) ?? mirror) !== uidOf(mirror)) return;
    this.#mirrors.delete(name);
    this.#running.get(name)?.statuses.mirror(undefined);
    void this.look();
  }

  /** Reads the folder and does what is missing. What fails is tried again at the next look. */
  async look(): Promise<void> {
    this.#again = true;
    if (this.#looking) return;
    this.#looking = true;
    while (this.#again && !this.options.signal.aborted) {
      this.#again = false;
      try {
        await this.#lookOnce();
      } catch (error) {
        this.options.logger.warn('static pods could not be looked after', { error });
      }
    }
    this.#looking = false;
    this.#timer?.cancel();
    if (!this.options.signal.aborted) this.#timer = this.options.clock.setTimer(LOOK_MS, () => void this.look());
  }

  async #lookOnce(): Promise<void> {
    this.#wanted = await this.#read();
    for (const pod of this.#wanted) this.#begin(pod);
    for (const [name, running] of this.#running) {
      const isWanted = this.#wanted.some((pod) => uidOf(pod) === uidOf(running.pod));
      if (!isWanted) this.#endOne(name, running);
    }
    if (this.#synced) await this.#lookAtMirrors();
  }

  #begin(pod: Pod): void {
    const name = fullName(pod);
    if (this.#running.has(name)) return;
    const statuses = new MirrorStatuses(this.options.statuses);
    const running: Running = { pod, statuses, ending: false };
    this.#running.set(name, running);
    const mirror = this.#mirrors.get(name);
    if (mirror && isGood(mirror, pod)) statuses.mirror(mirror);
    this.options.run(pod, statuses, () => {
      if (this.#running.get(name) === running) this.#running.delete(name);
      void this.look();
    });
  }

  #endOne(name: string, running: Running): void {
    if (running.ending) return;
    running.ending = true;
    this.options.logger.info('a static pod has no manifest any more', { pod: name });
    this.options.end(uidOf(running.pod));
  }

  async #lookAtMirrors(): Promise<void> {
    for (const [name, mirror] of this.#mirrors) {
      const running = this.#running.get(name);
      // The mirror of one that is ending goes when it has ended.
      if (running === undefined || (!running.ending && !isGood(mirror, running.pod))) await this.#delete(mirror);
    }
    for (const [name, { pod, ending }] of this.#running)
      if (!ending && !this.#mirrors.has(name)) await this.#create(pod);
  }

  async #create(pod: Pod): Promise<void> {
    const node = this.options.node();
    if (node === undefined) return;
    try {
      this.mirrorSeen(await this.options.pods.create(mirrorOf(pod, node)));
    } catch (error) {
      // The watch will show it; one that is no mirror stands in the way until it goes.
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async #delete(mirror: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = mirror.metadata;
    try {
      await this.options.pods.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.mirrorGone(mirror);
  }

  async #read(): Promise<Pod[]> {
    const manifests = await this.options.source.read();
    if (manifests.length === 0) return [];
    const { parseManifest } = await import('./manifest-text.ts');
    return manifests.flatMap(({ file, text }) => {
      try {
        return [this.#stamped(file, (seenAt) => this.#pod(parseManifest(text), file, seenAt))];
      } catch (error) {
        this.#complain(file, text, error);
        return [];
      }
    });
  }

  #pod(document: unknown, file: string, seenAt: number): Pod {
    return staticPod(document, { nodeName: this.options.nodeName, file, seenAt });
  }

  /** When a Pod was seen first stays the same for as long as its manifest does. */
  #stamped(file: string, make: (seenAt: number) => Pod): Pod {
    const now = this.options.clock.now();
    const pod = make(now);
    const key = `${file} ${uidOf(pod)}`;
    const seenAt = this.#seenAt.get(key);
    if (seenAt !== undefined) return make(seenAt);
    for (const known of this.#seenAt.keys()) if (known.startsWith(`${file} `)) this.#seenAt.delete(known);
    this.#seenAt.set(key, now);
    return pod;
  }

  /** Once for each text of a file. */
  #complain(file: string, text: string, error: unknown): void {
    if (this.#bad.get(file) === text) return;
    this.#bad.set(file, text);
    this.options.logger.error('a manifest is no static pod', { file, error });
  }
}

function fullName({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function isGood(mirror: Pod, pod: Pod): boolean {
  return mirror.metadata.annotations?.[MIRROR] === uidOf(pod) && mirror.metadata.deletionTimestamp === undefined;
}
