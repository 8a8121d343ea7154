/**
 * What one Pod keeps on its machine's disk: its emptyDirs and what its containers write, and the limits it has set itself
 * (upstream: pkg/kubelet/eviction, localStorageEviction). A Pod that is over a limit when the machine looks, ten seconds
 * later, is evicted. Logs do not count.
 */
import { type Container, type EmptyDirVolumeSource, type Pod, Quantity } from '@regatta/api';
import type { Timer } from '@regatta/runtime';
import { uidOf } from '../pods/pod-names.ts';
import { CONTAINER_LIMIT_BYTES, FileSpace, type SpaceWatch } from '../runtime/filesystem/file-space.ts';
import type { VolumeHost } from './volume-host.ts';

/** Cluster milliseconds between two looks of the eviction manager. */
const MONITORING_MS = 10_000;
const RESOURCE = 'ephemeral-storage';

export class EphemeralStorage {
  readonly #timers = new Set<Timer>();
  #space: FileSpace | undefined;

  constructor(
    private readonly pod: Pod,
    private readonly host: Pick<VolumeHost, 'clock' | 'space' | 'evict'>,
  ) {}

  /** Everything that the Pod keeps on disk. */
  get space(): FileSpace {
    if (this.#space === undefined) {
      const { space: parent } = this.host;
      const limits = this.pod.spec.containers.map(({ resources }) => resources?.limits?.[RESOURCE]);
      const total = limits.reduce((sum, limit) => sum + bytes(limit), 0);
      const text = Quantity.parse(String(total)).toString();
      const message = `Pod ephemeral local storage usage exceeds the total limit of containers ${sum(limits) ?? text}. `;
      const watch = total > 0 ? { watch: this.#watch(total, message, () => this.space) } : {};
      this.#space = new FileSpace({ limit: parent.limit, parent, ...watch });
    }
    return this.#space;
  }

  /** The room of a container's own layer. */
  layer(container: Container): FileSpace {
    const limit = container.resources?.limits?.[RESOURCE];
    const message = `Container ${container.name} exceeded its local ephemeral storage limit "${canonical(limit)}". `;
    const own: FileSpace = new FileSpace({
      limit: CONTAINER_LIMIT_BYTES,
      parent: this.space,
      ...(bytes(limit) > 0 ? { watch: this.#watch(bytes(limit), message, () => own) } : {}),
    });
    return own;
  }

  /** How an emptyDir's size is watched; undefined when it has no limit. */
  emptyDirWatch(name: string, { sizeLimit }: EmptyDirVolumeSource, space: () => FileSpace): SpaceWatch | undefined {
    const limit = bytes(sizeLimit);
    if (limit === 0) return undefined;
    return this.#watch(
      limit,
      `Usage of EmptyDir volume "${name}" exceeds the limit "${canonical(sizeLimit)}". `,
      space,
    );
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #watch(limit: number, message: string, space: () => FileSpace): SpaceWatch {
    return {
      limit,
      onOver: () => {
        const timer = this.host.clock.setTimer(MONITORING_MS, () => {
          this.#timers.delete(timer);
          if (space().used > limit) this.host.evict(uidOf(this.pod), message);
        });
        this.#timers.add(timer);
      },
    };
  }
}

function bytes(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Number(Quantity.parse(quantity).value());
}

function canonical(quantity: string | undefined): string {
  return quantity === undefined ? '' : Quantity.parse(quantity).toString();
}

/** Quantities added up, in the form of the first; undefined for none. */
function sum(quantities: readonly (string | undefined)[]): string | undefined {
  const given = quantities.filter((quantity) => quantity !== undefined).map((quantity) => Quantity.parse(quantity));
  const [first, ...others] = given;
  return first && others.reduce((total, quantity) => total.add(quantity), first).toString();
}
