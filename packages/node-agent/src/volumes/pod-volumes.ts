/**
 * The volumes of one Pod, and how its containers see them.
 *
 * A volume is a node of the emulated file system, shared by the containers that mount it. Files from API objects are
 * replaced all at once when they are refreshed, as upstream's atomic writer does.
 */
import type { Container, Pod, Volume } from '@regatta/api';
import type { DownwardContext } from '../containers/downward.ts';
import { hostsFile, type NodeNetwork, resolvFile } from '../containers/network-files.ts';
import { StartError } from '../containers/start-error.ts';
import type { Mount } from '../runtime/container-runtime.ts';
import { FileError } from '../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../runtime/filesystem/file-system.ts';
import { type DirectoryNode, directoryNode, type FileNode, fileNode, placeNode } from '../runtime/filesystem/nodes.ts';
import {
  configMapFiles,
  downwardFiles,
  projectedFiles,
  secretFiles,
  tokenFiles,
  VolumeError,
  type VolumeFile,
  type VolumeSources,
} from './volume-content.ts';

export interface PodVolumesOptions {
  readonly sources: VolumeSources;
  /** The node's own files, for hostPath. */
  readonly host: DirectoryNode;
  readonly network: NodeNetwork;
  readonly now: () => number;
}

const READ_ONLY_KINDS = ['configMap', 'secret', 'downwardAPI', 'projected'] as const;

export class PodVolumes {
  readonly #nodes = new Map<string, DirectoryNode | FileNode>();
  #pod: Pod;
  #context: DownwardContext | undefined;
  #prepared: Promise<void> | undefined;

  constructor(
    pod: Pod,
    private readonly options: PodVolumesOptions,
  ) {
    this.#pod = pod;
  }

  /** Makes every volume, or brings those that follow API objects up to date. @throws VolumeError naming the volume */
  async mount(pod: Pod, context: DownwardContext): Promise<void> {
    this.#pod = pod;
    this.#context = context;
    for (const volume of pod.spec.volumes ?? []) {
      try {
        await this.#mountOne(volume, context);
      } catch (error) {
        if (!(error instanceof VolumeError)) throw error;
        throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`);
      }
    }
  }

  /** The Pod has its address: /etc/hosts tells it. */
  setContext(context: DownwardContext): void {
    this.#context = context;
  }

  /** Fetches tokens, which most containers never read. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#fetchTokens().catch((error) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  /** @param expanded fills in `subPathExpr` */
  mountsFor(container: Container, expanded: (text: string) => string): Mount[] {
    const mounts = (container.volumeMounts ?? []).map((mount): Mount => {
      const node = this.#nodes.get(mount.name);
      if (node === undefined)
        throw new StartError(
          'CreateContainerConfigError',
          `cannot find volume "${mount.name}" to mount into container "${container.name}"`,
        );
      const subPath = mount.subPathExpr ? expanded(mount.subPathExpr) : (mount.subPath ?? '');
      const volume = this.#pod.spec.volumes?.find(({ name }) => name === mount.name);
      const readOnly = mount.readOnly === true || READ_ONLY_KINDS.some((kind) => volume?.[kind] !== undefined);
      return { containerPath: mount.mountPath, source: subPath === '' ? node : this.#subPath(node, subPath), readOnly };
    });
    return [...mounts, ...this.#networkFiles(mounts)];
  }

  #networkFiles(mounts: readonly Mount[]): Mount[] {
    const { network, now } = this.options;
    const file = (containerPath: string, text: string): Mount => ({
      containerPath,
      source: fileNode(text, 0o644, now()),
      readOnly: false,
    });
    const own = [
      file('/etc/hosts', hostsFile(this.#pod, this.#context?.podIp ?? '', network)),
      file('/etc/resolv.conf', resolvFile(this.#pod, network)),
    ];
    return own.filter(({ containerPath }) => !mounts.some((mount) => mount.containerPath === containerPath));
  }

  #subPath(node: DirectoryNode | FileNode, subPath: string): DirectoryNode | FileNode {
    if (node.kind !== 'directory') return node;
    const files = new ContainerFileSystem(node, this.options.now);
    try {
      if (!files.exists(subPath)) files.makeDirectory(subPath, true);
      const found = files.node(subPath);
      if (found.kind === 'directory' || found.kind === 'file') return found;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
    throw new StartError('CreateContainerConfigError', `failed to prepare subPath for volumeMount "${subPath}"`);
  }

  async #mountOne(volume: Volume, context: DownwardContext): Promise<void> {
    const { sources, now } = this.options;
    const pod = this.#pod;
    const { configMap, secret, downwardAPI, projected } = volume;
    if (configMap)
      return this.#replace(
        volume.name,
        await configMapFiles(pod, { ...configMap, name: configMap.name ?? '' }, configMap.defaultMode, sources),
      );
    if (secret) {
      const from = { ...secret, name: secret.secretName ?? '' };
      return this.#replace(volume.name, await secretFiles(pod, from, secret.defaultMode, sources));
    }
    if (downwardAPI)
      return this.#replace(volume.name, downwardFiles(pod, downwardAPI.items ?? [], downwardAPI.defaultMode, context));
    if (projected) {
      const files = await projectedFiles(pod, projected.sources ?? [], projected.defaultMode, context, sources);
      return this.#replace(volume.name, files, tokenPaths(volume));
    }
    if (this.#nodes.has(volume.name)) return;
    if (volume.hostPath) this.#nodes.set(volume.name, this.#hostPath(volume.hostPath.path, volume.hostPath.type ?? ''));
    else if (volume.emptyDir || volume.image) this.#nodes.set(volume.name, directoryNode(0o777, now()));
    else
      throw new VolumeError(`volume plugin of "${Object.keys(volume).find((key) => key !== 'name')}" is not there yet`);
  }

  async #fetchTokens(): Promise<void> {
    for (const volume of this.#pod.spec.volumes ?? []) {
      if (tokenPaths(volume).size === 0 || volume.projected === undefined) continue;
      const files = await tokenFiles(
        this.#pod,
        volume.projected.sources ?? [],
        volume.projected.defaultMode,
        this.options.sources,
      );
      const node = this.#nodes.get(volume.name);
      if (node?.kind === 'directory') for (const file of files) this.#place(node, file);
    }
  }

  /** Puts new files in the place of old ones; paths in `kept` stay as they are when they are there already. */
  #replace(name: string, files: readonly VolumeFile[], kept: ReadonlySet<string> = new Set()): void {
    const known = this.#nodes.get(name);
    const node = known?.kind === 'directory' ? known : directoryNode(0o755, this.options.now());
    const before = new Map(node.entries);
    node.entries.clear();
    for (const file of files) {
      const old = before.get(file.path);
      if (old !== undefined && kept.has(file.path)) node.entries.set(file.path, old);
      else this.#place(node, file);
    }
    this.#nodes.set(name, node);
  }

  #place(node: DirectoryNode, { path, content, mode }: VolumeFile): void {
    placeNode(node, path, fileNode(content, mode, this.options.now()));
  }

  #hostPath(path: string, type: string): DirectoryNode | FileNode {
    const files = new ContainerFileSystem(this.options.host, this.options.now);
    if (!files.exists(path)) {
      if (type === 'File' || type === 'Directory')
        throw new VolumeError(`hostPath type check failed: ${path} is not a ${type.toLowerCase()}`);
      if (type === 'FileOrCreate') files.writeFile(path, new Uint8Array(0));
      else files.makeDirectory(path, true);
    }
    const node = files.node(path);
    if (node.kind === 'directory' || node.kind === 'file') return node;
    throw new VolumeError(`hostPath type check failed: ${path} is not a directory`);
  }
}

function tokenPaths(volume: Volume): ReadonlySet<string> {
  const tokens = (volume.projected?.sources ?? []).flatMap(({ serviceAccountToken }) =>
    serviceAccountToken ? [serviceAccountToken.path] : [],
  );
  return new Set(tokens);
}
