/**
 * The volumes of one Pod on a machine of their own, with objects and time that the test sets.
 */
import { type ConfigMap, type Pod, type Secret, statusErrors, type Volume, type VolumeMount } from '@regatta/api';
import { ClusterClock, constantTimeline, FakeClock, seededRandom, silentLogger } from '@regatta/runtime';
import { NGINX_IMAGE } from '../../src/images/nginx/image.ts';
import { Machine } from '../../src/node/machine.ts';
import { NodeVolumes } from '../../src/node/node-volumes.ts';
import type { Caller } from '../../src/runtime/filesystem/access.ts';
import { FileSpace } from '../../src/runtime/filesystem/file-space.ts';
import { ContainerFileSystem } from '../../src/runtime/filesystem/file-system.ts';
import { decodeText, directoryNode } from '../../src/runtime/filesystem/nodes.ts';
import { MemoryDisk, type NodeDisk } from '../../src/storage/node-disk.ts';
import { PodVolumes } from '../../src/volumes/pod-volumes.ts';
import type { TokenRequest } from '../../src/volumes/service-account-tokens.ts';

export const CONTEXT = { podIp: '10.244.1.5', hostIp: '192.168.49.2', allocatable: { cpu: '4', memory: '16Gi' } };
export const USER: Caller = { uid: 1000, gid: 1000, groups: [], umask: 0o022 };

const HOUR_MS = 3_600_000;
/** The one image that is on the machine. */
const NGINX = { reference: 'docker.io/library/nginx:latest', digestReference: '', sizeBytes: 0 };

export class TestVolumes {
  readonly real = new FakeClock(Date.UTC(2026, 10, 21, 9, 8, 7));
  readonly clock = new ClusterClock(this.real, constantTimeline(1));
  readonly configMaps = new Map<string, ConfigMap>();
  readonly secrets = new Map<string, Secret>();
  readonly tokenRequests: TokenRequest[] = [];
  readonly events: string[] = [];
  readonly evictions: string[] = [];
  refuseTokens = false;
  reads = 0;
  readonly space = new FileSpace({ limit: 1024 * 1024 });
  readonly host: NodeVolumes;

  constructor(disk: NodeDisk = new MemoryDisk()) {
    this.host = new NodeVolumes({
      disk,
      containers: { podUids: () => [], sandboxes: () => [], containers: () => [], log: () => undefined },
      machine: new Machine({
        name: 'node-1',
        ip: '192.168.49.2',
        cpu: '4',
        memory: '16Gi',
        pods: '110',
        ephemeralStorage: '100Gi',
        labels: {},
      }),
      sources: {
        configMaps: { get: async (name) => this.#get(this.configMaps, 'configmaps', name) },
        secrets: { get: async (name) => this.#get(this.secrets, 'secrets', name) },
        requestToken: async (request) => {
          if (this.refuseTokens) throw statusErrors.notFound({ group: '', resource: 'serviceaccounts' }, 'builder');
          this.tokenRequests.push(request);
          const expiresAt = this.real.now() + request.expirationSeconds * 1000;
          return { token: `token-${this.tokenRequests.length}`, expiresAt };
        },
      },
      network: { nodeName: 'node-1', nodeIp: '192.168.49.2', clusterDns: '10.96.0.10', clusterDomain: 'cluster.local' },
      images: {
        find: (image) => (image === 'nginx' ? NGINX : undefined),
        profile: () => NGINX_IMAGE,
      },
      clock: this.clock,
      random: seededRandom(7),
      logger: silentLogger,
      events: { event: (_about, _type, reason, message) => void this.events.push(`${reason}: ${message}`) },
      space: this.space,
      evict: (_uid, message) => void this.evictions.push(message),
    });
  }

  configMap(name: string, data: Record<string, string>, more: Partial<ConfigMap> = {}): void {
    this.configMaps.set(name, { metadata: { name }, data, ...more });
  }

  secret(name: string, data: Record<string, string>): void {
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    this.secrets.set(name, { metadata: { name }, data: Object.fromEntries(encoded) });
  }

  /** A Pod's volumes, set up. @throws VolumeError */
  async pod(volumes: Volume[], spec: Partial<Pod['spec']> = {}): Promise<TestPod> {
    const pod = new TestPod(this, volumes, spec);
    await pod.volumes.mount(pod.pod, CONTEXT);
    return pod;
  }

  /** Lets real time go, with everything that comes due. */
  async pass(ms: number): Promise<void> {
    await this.real.advance(ms);
  }

  #get<T>(objects: Map<string, T>, resource: string, name: string): T {
    this.reads++;
    const found = objects.get(name);
    if (found === undefined) throw statusErrors.notFound({ group: '', resource }, name);
    return found;
  }
}

export class TestPod {
  pod: Pod;
  readonly volumes: PodVolumes;

  constructor(
    private readonly world: TestVolumes,
    volumes: Volume[],
    spec: Partial<Pod['spec']>,
  ) {
    this.pod = {
      metadata: { name: 'web', namespace: 'shop', uid: 'uid-1', labels: { app: 'x' }, annotations: {} },
      spec: { serviceAccountName: 'builder', containers: [{ name: 'main' }], volumes, ...spec },
    };
    this.volumes = new PodVolumes(this.pod, world.host);
  }

  /** The files of a container that mounts these. */
  async container(mounts: VolumeMount[], variables: Record<string, string> = {}): Promise<ContainerFileSystem> {
    const given = await this.volumes.mountsFor(
      { name: 'main', volumeMounts: mounts },
      new Map(Object.entries(variables)),
    );
    await this.volumes.prepare();
    const files = new ContainerFileSystem(directoryNode(), () => this.world.clock.now());
    for (const mount of given()) files.mount(mount.containerPath, mount.source, mount);
    return files;
  }

  async update(metadata: Partial<Pod['metadata']>): Promise<void> {
    this.pod = { ...this.pod, metadata: { ...this.pod.metadata, ...metadata } };
    await this.volumes.mount(this.pod, CONTEXT);
  }
}

export function text(files: ContainerFileSystem, path: string): string {
  return decodeText(files.readFile(path));
}

/** What `ls` would print of the names below a directory, hidden ones included. */
export function modes(files: ContainerFileSystem, path: string): Record<string, string> {
  return Object.fromEntries(
    files.list(path).map((name) => {
      const { mode, uid, gid } = files.status(`${path}/${name}`);
      return [name, `${mode.toString(8)} ${uid}:${gid}`];
    }),
  );
}

export { HOUR_MS };
