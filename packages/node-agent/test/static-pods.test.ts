import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '@regatta/api';
import { resources } from '@regatta/client';
import { afterEach, describe, expect, it } from 'vitest';
import { type Manifest, ManifestFolder, type ManifestSource } from '../src/pods/static/manifest-folder.ts';
import { ManifestError, staticPod } from '../src/pods/static/static-pod.ts';
import { TestNode } from './support/test-node.ts';

/** A folder in memory. */
class Files implements ManifestSource {
  readonly #files = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  async read(): Promise<readonly Manifest[]> {
    return [...this.#files].map(([file, text]) => ({ file, text }));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(file: string, text: string): void {
    this.#files.set(file, text);
    for (const listener of this.#listeners) listener();
  }

  /** Nobody notices. */
  removeQuietly(file: string): void {
    this.#files.delete(file);
  }
}

const manifest = (image: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 2
  containers:
    - { name: web, image: ${image} }
`;

const nodes: TestNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.cutPower();
});

async function nodeWith(files: Files, before?: TestNode): Promise<TestNode> {
  const { disk, transport, real } = before ?? {};
  const node = await new TestNode({
    manifests: files,
    ...(disk ? { disk } : {}),
    ...(transport ? { transport } : {}),
    ...(real ? { real } : {}),
  }).start();
  nodes.push(node);
  return node;
}

const NAME = 'web-node-1';
const running = (node: TestNode): Promise<void> => node.phase(NAME, 'Running');

describe('static Pods', () => {
  it('NA-128: run from their manifests and are shown by mirrors, which the Node owns', async () => {
    const files = new Files();
    files.put('web.yaml', manifest('nginx'));
    const node = await nodeWith(files);
    await running(node);
    const mirror = (await node.pod(NAME)) as Pod;
    const hash = mirror.metadata.annotations?.['kubernetes.io/config.hash'];
    expect(hash).toMatch(/^[0-9a-f]{32}$/);
    expect(mirror).toMatchObject({
      metadata: {
        namespace: 'default',
        labels: { app: 'web' },
        annotations: {
          'kubernetes.io/config.mirror': hash,
          'kubernetes.io/config.source': 'file',
          'kubernetes.io/config.seen': expect.stringMatching(/^2026-/),
        },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: (await node.node()).metadata.uid, controller: true },
        ],
      },
      spec: { nodeName: 'node-1', tolerations: [{ effect: 'NoExecute', operator: 'Exists' }] },
      status: { containerStatuses: [{ name: 'web', ready: true, state: { running: {} } }] },
    });
    expect(mirror.metadata.uid).not.toBe(hash);
    expect(node.agent?.pods.find(mirror.metadata.uid ?? '')?.metadata.uid).toBe(hash);
    expect(node.agent?.runtime.containers(hash ?? '')).toHaveLength(1);
  });

  it('NA-129: go on when their mirror is deleted, which comes back', async () => {
    const files = new Files();
    files.put('web.yaml', manifest('nginx'));
    const node = await nodeWith(files);
    await running(node);
    const before = (await node.pod(NAME)) as Pod;
    const [container] =
      node.agent?.runtime.containers(before.metadata.annotations?.['kubernetes.io/config.hash'] ?? '') ?? [];
    // As the apiserver marks it for a delete with grace.
    node.transport.store.put('/pods', `default/${NAME}`, {
      ...before,
      metadata: { ...before.metadata, deletionTimestamp: '2026-01-01T01:00:00Z', deletionGracePeriodSeconds: 30 },
    });
    const isBack = async (): Promise<boolean> => {
      const pod = await node.pod(NAME);
      return pod !== undefined && pod.metadata.uid !== before.metadata.uid && pod.status?.phase === 'Running';
    };
    await node.until(isBack, 'another mirror');
    expect((await node.pod(NAME))?.metadata.deletionTimestamp).toBeUndefined();
    expect((await node.pod(NAME))?.status?.containerStatuses?.[0]?.containerID).toBe(`containerd://${container?.id}`);
  });

  it('NA-130: a manifest that changes is another Pod, after the one before has ended; one that goes ends it', async () => {
    const files = new Files();
    files.put('web.yaml', manifest('nginx'));
    const node = await nodeWith(files);
    await running(node);
    const before = (await node.pod(NAME)) as Pod;
    files.put('web.yaml', manifest('nginx:1.27'));
    const changed = async (): Promise<boolean> => {
      const pod = await node.pod(NAME);
      return pod?.spec.containers[0]?.image === 'nginx:1.27' && pod.status?.phase === 'Running';
    };
    await node.until(changed, 'the changed Pod runs');
    expect((await node.pod(NAME))?.metadata.uid).not.toBe(before.metadata.uid);
    expect(node.agent?.pods.size).toBe(1);
    files.removeQuietly('web.yaml');
    await node.until(async () => (await node.pod(NAME)) === undefined, 'the mirror is gone');
    expect(node.agent?.pods.size).toBe(0);
    expect(node.agent?.runtime.podUids()).toEqual([]);
  });

  it('NA-131: start again after a power loss, with one restart more, before the API is asked', async () => {
    const files = new Files();
    files.put('web.yaml', manifest('nginx'));
    const first = await nodeWith(files);
    await running(first);
    first.cutPower();
    const second = await nodeWith(files, first);
    const restarted = async (): Promise<boolean> =>
      (await second.pod(NAME))?.status?.containerStatuses?.[0]?.restartCount === 1;
    await second.until(restarted, 'a restart');
    const { items } = await second.client.resource(resources.pods).list();
    expect(items.map(({ metadata }) => metadata.name)).toEqual([NAME]);
  });

  it('NA-132: a manifest that is none, or refers to objects of the API, is left out; the others run', async () => {
    const files = new Files();
    files.put('a.yaml', 'kind: Pod\n  broken');
    files.put('b.yaml', 'apiVersion: v1\nkind: Service\nmetadata: {name: x}');
    files.put('c.yaml', manifest('nginx'));
    const node = await nodeWith(files);
    await running(node);
    expect(node.agent?.pods.size).toBe(1);
    const place = { nodeName: 'node-1', file: 'x', seenAt: 0 };
    const spec = { containers: [{ name: 'a', image: 'nginx', envFrom: [{ secretRef: { name: 's' } }] }] };
    const make = (): Pod => staticPod({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec }, place);
    expect(make).toThrow(ManifestError);
    expect(make).toThrow('invalid pod: static pods can not reference API objects: secretRef');
  });
});

describe('the folder of manifests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-manifests-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('NA-133: gives its files in order, none that begin with a dot; a folder that is missing has none; changes are noticed', async () => {
    expect(await new ManifestFolder(join(folder, 'none')).read()).toEqual([]);
    mkdirSync(join(folder, 'sub'), { recursive: true });
    writeFileSync(join(folder, 'b.yaml'), 'b');
    writeFileSync(join(folder, 'a.json'), 'a');
    writeFileSync(join(folder, '.c.yaml.swp'), 'c');
    writeFileSync(join(folder, 'long.yaml'), 'x'.repeat(1_048_577));
    const source = new ManifestFolder(folder);
    const read = async (): Promise<string[]> => (await source.read()).map(({ file, text }) => `${file}=${text}`);
    expect(await read()).toEqual([`${join(folder, 'a.json')}=a`, `${join(folder, 'b.yaml')}=b`]);
    const stops: (() => void)[] = [];
    const noticed = new Promise<void>((resolve) => stops.push(source.onChange(resolve)));
    writeFileSync(join(folder, '.new'), 'd');
    renameSync(join(folder, '.new'), join(folder, 'd.yaml'));
    await noticed;
    for (const stop of stops) stop();
    expect(await read()).toHaveLength(3);
  });
});
