/**
 * The volumes of one Pod, and how its containers see them (upstream: pkg/kubelet/volumemanager).
 *
 * A volume is a tree of the emulated file system, shared by the containers that mount it. Files from API objects are
 * brought up to date once a minute of cluster time and when the Pod's own labels or annotations change, as long as some
 * container's files were looked at; tokens are fetched when somebody first looks. Invariant: what a Pod refers to is there
 * before its containers start; what goes away or fails later leaves the files as they were.
 */
import { type Container, jsonEqual, type Pod, type Volume, type VolumeMount } from '@regatta/api';
import type { Timer } from '@regatta/runtime';
import type { DownwardContext } from '../containers/downward.ts';
import { hostsFile, resolvFile } from '../containers/network-files.ts';
import { StartError } from '../containers/start-error.ts';
import { formatPod, podReference, uidOf } from '../pods/pod-names.ts';
import type { Mount } from '../runtime/container-runtime.ts';
import { FileError } from '../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import type { FsNode } from '../runtime/filesystem/nodes.ts';
import { decodeText, fileNode } from '../runtime/filesystem/nodes.ts';
import { AtomicVolume } from './atomic-volume.ts';
import { EphemeralStorage } from './ephemeral-storage.ts';
import { openHostPath } from './host-path.ts';
import { ImmutableObjects } from './immutable-objects.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { findSubPath, subPathOf } from './sub-path.ts';
import { type ContentRequest, checkProjected, volumeFiles } from './volume-content.ts';
import { VolumeError } from './volume-error.ts';
import type { VolumeHost } from './volume-host.ts';
import { fsGroupOf } from './volume-ownership.ts';

/** Cluster milliseconds after which files from API objects are looked at again (the kubelet's sync period). */
const REFRESH_MS = 60_000;

/** A volume's tree and how it is mounted. */
export interface MountedVolume {
  readonly root: FsNode;
  readonly mount: Pick<Mount, 'space' | 'device' | 'type'>;
  readonly readOnly: boolean;
  /** Set for volumes that follow API objects. */
  readonly atomic?: AtomicVolume;
}

export class PodVolumes {
  /** Volumes that were made; those with tokens only when somebody looks. */
  #mounted: Map<string, MountedVolume> | undefined;
  #storage: EphemeralStorage | undefined;
  #pod: Pod;
  #context: DownwardContext | undefined;
  #isSetUp = false;
  /** A container's files were looked at: from now on they are kept up to date. */
  #isLookedAt = false;
  #prepared: Promise<void> | undefined;
  #immutable: ImmutableObjects | undefined;
  #tokens: ServiceAccountTokens | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(
    pod: Pod,
    private readonly host: VolumeHost,
  ) {
    this.#pod = pod;
  }

  /** What the Pod keeps on the machine's disk. */
  get storage(): EphemeralStorage {
    this.#storage ??= new EphemeralStorage(this.#pod, this.host);
    return this.#storage;
  }

  /** Makes every volume; afterwards takes note of changes of the Pod. @throws VolumeError naming the volume */
  async mount(pod: Pod, context: DownwardContext): Promise<void> {
    const before = this.#pod;
    this.#pod = pod;
    this.#context = context;
    if (!this.#isSetUp) {
      for (const volume of this.#specs()) await named(volume, () => this.#setUp(volume));
      this.#isSetUp = true;
    } else if (this.#isLookedAt && tellsOther(before, pod)) await this.#refresh((volume) => followsPod(volume));
  }

  /** The Pod has its address: /etc/hosts tells it. */
  setContext(context: DownwardContext): void {
    this.#context = context;
  }

  /** Brings in what is fetched only when somebody looks (tokens). What can't be had now is tried again later. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }

  /**
   * What a container mounts. The mounts are made when they are first asked for; what could fail is checked at once.
   * @param variables the container's environment, for `subPathExpr`
   * @throws StartError
   */
  async mountsFor(container: Container, variables: ReadonlyMap<string, string>): Promise<() => readonly Mount[]> {
    const mounts = container.volumeMounts ?? [];
    this.#mountImages(mounts);
    for (const { name } of mounts) {
      if (this.#isThere(name)) continue;
      throw configError(`cannot find volume "${name}" to mount into container "${container.name}"`);
    }
    if (mounts.every(({ subPath, subPathExpr }) => !subPath && !subPathExpr))
      return () => this.#mountsOf(mounts.map((mount) => this.#whole(mount)));
    await this.prepare();
    const parts = mounts.map((mount) => this.#part(mount, container, variables));
    return () => this.#mountsOf(parts);
  }

  /** A file of a volume, and where it is on the machine; undefined when there is no such volume. */
  readText(name: string, path: string): { readonly place: string; readonly text: string | undefined } | undefined {
    const volume = this.#mounted?.get(name);
    if (volume === undefined || volume.root.kind !== 'directory') return undefined;
    const place = `/var/lib/kubelet/pods/${uidOf(this.#pod)}/volumes/kubernetes.io~empty-dir/${name}/${path}`;
    const files = new ContainerFileSystem(volume.root, () => this.host.clock.now());
    try {
      return { place, text: decodeText(files.readFile(`/${path}`)) };
    } catch (error) {
      if (error instanceof FileError) return { place, text: undefined };
      throw error;
    }
  }

  /** Nothing is kept up to date any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#storage?.close();
  }

  /** The Pod is gone, and with it what only it had. */
  remove(): void {
    this.close();
    this.host.emptyDirs.remove(uidOf(this.#pod));
    this.#mounted = undefined;
  }

  async #setUp(volume: Volume): Promise<void> {
    if (this.#mounted?.has(volume.name)) return;
    const { hostPath, emptyDir, image } = volume;
    if (hasToken(volume)) return checkProjected(this.#request(), volume);
    if (followsObjects(volume)) {
      const mounted = this.#makeAtomic(volume);
      await this.#fill(volume, mounted.atomic);
      this.#keep(volume.name, mounted);
    } else if (emptyDir) {
      this.#keep(volume.name, this.host.emptyDirs.open(this.#pod, volume.name, emptyDir, this.storage));
    } else if (hostPath) {
      const { files, space } = this.host.disk();
      this.#keep(volume.name, { root: openHostPath(files, hostPath), mount: { space }, readOnly: false });
    } else if (!image) {
      throw new VolumeError(`no volume plugin matched: ${Object.keys(volume).find((key) => key !== 'name')}`);
    }
  }

  #keep(name: string, volume: MountedVolume): void {
    this.#mounted ??= new Map();
    this.#mounted.set(name, volume);
  }

  #isThere(name: string): boolean {
    return (
      this.#mounted?.has(name) === true || (this.#isSetUp && this.#specs().some((v) => v.name === name && hasToken(v)))
    );
  }

  #specs(): readonly Volume[] {
    return this.#pod.spec.volumes ?? [];
  }

  /** Images were pulled for the container that mounts them. */
  #mountImages(mounts: readonly VolumeMount[]): void {
    for (const { name, image } of this.#specs()) {
      if (image === undefined || !mounts.some((mount) => mount.name === name)) continue;
      const root = this.host.imageFiles(image.reference ?? '');
      if (root) this.#keep(name, { root, mount: { device: 'overlay', type: 'overlay' }, readOnly: true });
    }
  }

  #makeAtomic(volume: Volume): MountedVolume & { readonly atomic: AtomicVolume } {
    const onMemory = volume.secret !== undefined || volume.projected !== undefined;
    const ownership = { fsGroup: fsGroupOf(this.#pod), readOnly: true };
    const atomic = new AtomicVolume(onMemory ? 0o1777 : 0o777, this.host.clock.now(), ownership);
    const mount = onMemory ? { device: 'tmpfs', type: 'tmpfs' } : {};
    return { root: atomic.root, mount, readOnly: true, atomic };
  }

  /** A volume, made now when its tokens were waited with. */
  #volume(name: string): MountedVolume | undefined {
    const known = this.#mounted?.get(name);
    if (known) return known;
    const spec = this.#specs().find((volume) => volume.name === name);
    if (spec === undefined || !hasToken(spec)) return undefined;
    const made = this.#makeAtomic(spec);
    this.#keep(name, made);
    return made;
  }

  async #fill(volume: Volume, atomic: AtomicVolume): Promise<void> {
    const files = await volumeFiles(this.#request(), volume);
    if (files !== undefined) atomic.write(files, this.host.clock.now(), this.host.random.next());
  }

  #request(): ContentRequest {
    const { clock, allocatable } = this.host;
    const sources = this.#immutable?.sources(this.host.sources) ?? this.host.sources;
    return {
      pod: this.#pod,
      context: this.#context ?? { podIp: '', hostIp: '', allocatable },
      sources,
      token: (projection) => {
        this.#tokens ??= new ServiceAccountTokens(sources.requestToken, () => clock.now());
        return this.#tokens.get(this.#pod, projection);
      },
    };
  }

  async #prepare(): Promise<void> {
    this.#isLookedAt = true;
    this.#immutable ??= new ImmutableObjects();
    for (const { name } of this.#specs()) this.#volume(name);
    await this.#refresh((_, { isFilled }) => !isFilled);
    if (this.#timer === undefined) this.#armRefresh();
    if ([...(this.#mounted?.values() ?? [])].some(({ atomic }) => atomic?.isFilled === false))
      this.#prepared = undefined;
  }

  #armRefresh(): void {
    if (this.#closed || !this.#specs().some(followsObjects)) return;
    this.#timer = this.host.clock.setTimer(REFRESH_MS, () => {
      void this.#refresh(() => true).then(() => this.#armRefresh());
    });
  }

  /** Reads volumes again. What fails is told by an event and leaves the files as they are. */
  async #refresh(wanted: (volume: Volume, atomic: AtomicVolume) => boolean): Promise<void> {
    for (const volume of this.#specs()) {
      const atomic = this.#mounted?.get(volume.name)?.atomic;
      if (atomic === undefined || !wanted(volume, atomic)) continue;
      try {
        await named(volume, () => this.#fill(volume, atomic));
      } catch (error) {
        this.#refreshFailed(volume, error);
      }
    }
  }

  #refreshFailed(volume: Volume, error: unknown): void {
    if (this.#closed) return;
    if (error instanceof VolumeError)
      this.host.events.event(podReference(this.#pod), 'Warning', 'FailedMount', error.message);
    else this.host.logger.warn('a volume is not refreshed', { pod: formatPod(this.#pod), volume: volume.name, error });
  }

  // Mounts

  #mountsOf(mounts: readonly Mount[]): readonly Mount[] {
    return [...mounts, ...this.#networkFiles(mounts)];
  }

  #whole(mount: VolumeMount): Mount {
    const volume = this.#volume(mount.name);
    if (volume === undefined) throw configError(`cannot find volume "${mount.name}"`);
    const readOnly = mount.readOnly === true || volume.readOnly;
    return { ...volume.mount, containerPath: mount.mountPath, source: volume.root, readOnly };
  }

  #part(mount: VolumeMount, container: Container, variables: ReadonlyMap<string, string>): Mount {
    const path = subPathOf(mount, variables);
    const whole = this.#whole(mount);
    if (path === '' || whole.source.kind !== 'directory') return whole;
    const source = findSubPath({
      volume: whole.source,
      path,
      space: whole.space ?? this.host.space,
      now: () => this.host.clock.now(),
      mountName: mount.name,
      containerName: container.name,
    });
    return { ...whole, source };
  }

  #networkFiles(mounts: readonly Mount[]): Mount[] {
    const { network, clock } = this.host;
    const file = (containerPath: string, text: string): Mount => ({
      containerPath,
      source: fileNode(text, 0o644, clock.now()),
      readOnly: false,
    });
    const own = [
      file('/etc/hosts', hostsFile(this.#pod, this.#context?.podIp ?? '', network)),
      file('/etc/resolv.conf', resolvFile(this.#pod, network)),
    ];
    return own.filter(({ containerPath }) => !mounts.some((mount) => mount.containerPath === containerPath));
  }
}

function followsObjects({ configMap, secret, downwardAPI, projected }: Volume): boolean {
  return (configMap ?? secret ?? downwardAPI ?? projected) !== undefined;
}

/** Whether files about the Pod would read differently. */
function tellsOther({ metadata: before }: Pod, { metadata: after }: Pod): boolean {
  return (
    before.generation !== after.generation ||
    !jsonEqual(before.labels, after.labels) ||
    !jsonEqual(before.annotations, after.annotations)
  );
}

function followsPod({ downwardAPI, projected }: Volume): boolean {
  return downwardAPI !== undefined || (projected?.sources ?? []).some((source) => source.downwardAPI !== undefined);
}

function hasToken({ projected }: Volume): boolean {
  return (projected?.sources ?? []).some(({ serviceAccountToken }) => serviceAccountToken !== undefined);
}

function configError(message: string): StartError {
  return new StartError('CreateContainerConfigError', message);
}

async function named(volume: Volume, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof VolumeError)) throw error;
    throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`, { cause: error });
  }
}
