/**
 * /var/log/pods and /var/log/containers of a machine: the logs of its containers, as the kubelet and the runtime lay them
 * out (upstream: pkg/kubelet/kuberuntime/helpers.go and legacy.go).
 */
import type { ContainerLogReader, ContainerRecord, SandboxRecord } from '../runtime/container-runtime.ts';
import { DirectoryNode, type FsNode, GeneratedNode, symlinkNode } from '../runtime/filesystem/nodes.ts';
import { formatLines } from '../runtime/log-format.ts';

/** What is shown of the runtime. */
export interface LoggedContainers {
  podUids(): readonly string[];
  sandboxes(podUid: string): readonly SandboxRecord[];
  containers(podUid: string): readonly ContainerRecord[];
  log(id: string): ContainerLogReader | undefined;
}

const ROOT = { uid: 0, gid: 0 };
const LOG_MODE = 0o640;

type Entries = Iterable<readonly [string, FsNode]>;

export function podLogs(runtime: LoggedContainers): Entries {
  return runtime.podUids().flatMap((uid) => {
    const sandbox = runtime.sandboxes(uid).at(-1);
    if (sandbox === undefined) return [];
    const made = sandbox.createdAt;
    return [[directoryName(sandbox), directory(made, () => containerLogs(runtime, uid, made))] as const];
  });
}

function containerLogs(runtime: LoggedContainers, uid: string, made: number): Entries {
  const names = new Set(runtime.containers(uid).map(({ name }) => name));
  return [...names].map((name) => [name, directory(made, () => instances(runtime, uid, name))] as const);
}

function instances(runtime: LoggedContainers, uid: string, name: string): Entries {
  return runtime
    .containers(uid)
    .filter((record) => record.name === name)
    .map(({ id, attempt, createdAt }) => {
      const read = (): Uint8Array => formatLines(runtime.log(id)?.lines() ?? []);
      return [`${attempt}.log`, new GeneratedNode(read, LOG_MODE, createdAt)] as const;
    });
}

/** Links, one a container: pod_namespace_container-id.log */
export function containerLinks(runtime: LoggedContainers): Entries {
  return runtime.podUids().flatMap((uid) => {
    const sandbox = runtime.sandboxes(uid).at(-1);
    if (sandbox === undefined) return [];
    return runtime.containers(uid).map(({ id, name, attempt, createdAt }) => {
      const target = `/var/log/pods/${directoryName(sandbox)}/${name}/${attempt}.log`;
      return [`${sandbox.name}_${sandbox.namespace}_${name}-${id}.log`, symlinkNode(target, createdAt)] as const;
    });
  });
}

function directoryName({ namespace, name, podUid }: SandboxRecord): string {
  return `${namespace}_${name}_${podUid}`;
}

function directory(made: number, generate: () => Entries): DirectoryNode {
  const node = new DirectoryNode(0o755, made, ROOT);
  node.generate = generate;
  return node;
}
