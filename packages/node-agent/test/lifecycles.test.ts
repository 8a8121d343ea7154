import type { Pod, PodSpec } from '@regatta/api';
import { resources } from '@regatta/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { Recording } from './support/recording.ts';
import { TestContainers } from './support/test-container.ts';
import { TestNode } from './support/test-node.ts';

beforeAll(async () => {
  // Loading takes real time, of which tests with a stepped clock know nothing.
  const containers = new TestContainers();
  const shell = await containers.start('busybox', {
    command: [
      'sh',
      '-c',
      'touch /tmp/a; cat /tmp/a; rm -rf /tmp/a; /bin/test -e /a; /bin/echo; ls; sleep 0; echo $(date) | cat',
    ],
  });
  await shell.exit();
  const { request } = await import('../src/network/http-service.ts');
  const web = await containers.start('nginx');
  const connection = await containers.network.connect('', { ip: web.ip, port: 80 });
  await request(connection, { method: 'GET', path: '/', headers: {}, limit: 10 });
});

interface Story {
  readonly title: string;
  readonly golden: string;
  readonly spec: PodSpec;
  readonly labels?: Record<string, string>;
  run(node: TestNode, recording: Recording): Promise<void>;
}

const NAME = 'pod';

/** Marks the Pod for deletion, as the apiserver does for a delete with grace. */
async function remove(node: TestNode, graceSeconds = 30): Promise<void> {
  const pod = (await node.pod(NAME)) as Pod;
  const metadata = {
    ...pod.metadata,
    finalizers: ['test/hold'],
    deletionTimestamp: '2026-01-01T01:00:00Z',
    deletionGracePeriodSeconds: graceSeconds,
  };
  node.transport.store.put('/pods', `default/${NAME}`, { ...pod, metadata });
}

/** The node has asked the API to let the Pod go: only the test's finalizer held it. */
async function released(node: TestNode): Promise<void> {
  const isFinal = ({ method, url }: { method: string; url: string }): boolean =>
    method === 'DELETE' && url.includes(`/pods/${NAME}`);
  await node.until(() => node.transport.requests.some(isFinal), 'the node lets the pod go');
  const pod = (await node.pod(NAME)) as Pod;
  node.transport.store.remove('/pods', `default/${NAME}`, pod);
  await node.until(() => node.agent?.pods.size === 0, 'the worker is gone');
}

async function restarts(node: TestNode, count: number): Promise<void> {
  const reached = async (): Promise<boolean> =>
    ((await node.pod(NAME))?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= count;
  await node.until(reached, `${count} restarts`);
}

async function waiting(node: TestNode, reason: string): Promise<void> {
  const reached = async (): Promise<boolean> =>
    (await node.pod(NAME))?.status?.containerStatuses?.[0]?.state?.waiting?.reason === reason;
  await node.until(reached, reason);
}

const sh = (script: string): string[] => ['sh', '-c', script];

const STORIES: readonly Story[] = [
  {
    title: 'NA-10: nginx runs, and ends with 0 when it is told to quit',
    golden: 'nginx-deleted',
    spec: { containers: [{ name: 'web', image: 'nginx' }] },
    run: async (node) => {
      await node.phase(NAME, 'Running');
      await remove(node);
      await released(node);
    },
  },
  {
    title: 'NA-11: a shell without a trap is killed when its grace period is over',
    golden: 'grace-period',
    spec: { containers: [{ name: 'main', image: 'busybox', command: sh('sleep 3600') }] },
    run: async (node) => {
      await node.phase(NAME, 'Running');
      await remove(node, 30);
      await released(node);
    },
  },
  {
    title: 'NA-12: a crashing container is restarted at once, then after 10, 20 and 40 seconds',
    golden: 'crash-loop',
    spec: {
      containers: [{ name: 'main', image: 'busybox', command: sh('echo dying > /dev/termination-log; exit 1') }],
    },
    run: (node) => restarts(node, 4),
  },
  {
    title: 'NA-13: init containers run in order, a sidecar lives beside, and ends when the work is done',
    golden: 'init-and-sidecar',
    spec: {
      restartPolicy: 'Never',
      initContainers: [
        {
          name: 'first',
          image: 'busybox',
          command: sh('sleep 2; echo data > /work/data'),
          volumeMounts: [{ name: 'work', mountPath: '/work' }],
        },
        {
          name: 'sidecar',
          image: 'busybox',
          restartPolicy: 'Always',
          command: sh('trap "exit 0" TERM; sleep 3600 & wait'),
        },
        { name: 'second', image: 'busybox', command: sh('sleep 1') },
      ],
      containers: [
        {
          name: 'main',
          image: 'busybox',
          command: sh('cat /work/data; sleep 1'),
          volumeMounts: [{ name: 'work', mountPath: '/work' }],
        },
      ],
      volumes: [{ name: 'work', emptyDir: {} }],
    },
    run: (node) => node.phase(NAME, 'Succeeded'),
  },
  {
    title: 'NA-14: a failing init container is tried again, with back-off',
    golden: 'init-fails',
    spec: {
      initContainers: [{ name: 'init', image: 'busybox', command: sh('exit 2') }],
      containers: [{ name: 'main', image: 'nginx' }],
    },
    run: (node) => {
      const reached = async (): Promise<boolean> =>
        ((await node.pod(NAME))?.status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 2;
      return node.until(reached, 'two restarts');
    },
  },
  {
    title: 'NA-15: an image that does not exist is asked for again, less and less often',
    golden: 'image-missing',
    spec: { containers: [{ name: 'main', image: 'nginx:nonesuch' }] },
    run: async (node) => {
      await waiting(node, 'ErrImagePull');
      await waiting(node, 'ImagePullBackOff');
      await waiting(node, 'ErrImagePull');
      await waiting(node, 'ImagePullBackOff');
    },
  },
  {
    title: 'NA-16: a container whose liveness probe fails is killed and started again',
    golden: 'liveness',
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'main',
          image: 'busybox',
          args: ['/bin/sh', '-c', 'touch /tmp/healthy; sleep 30; rm -rf /tmp/healthy; sleep 600'],
          livenessProbe: { exec: { command: ['cat', '/tmp/healthy'] }, initialDelaySeconds: 5, periodSeconds: 5 },
        },
      ],
    },
    run: (node) => restarts(node, 1),
  },
  {
    title: 'NA-17: startup gates readiness; readiness follows what the container says',
    golden: 'readiness',
    spec: {
      containers: [
        {
          name: 'web',
          image: 'nginx',
          startupProbe: { httpGet: { path: '/', port: 80 }, failureThreshold: 30, periodSeconds: 2 },
          readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 2, failureThreshold: 1 },
        },
      ],
    },
    run: async (node, recording) => {
      await node.phase(NAME, 'Running');
      await node.real.advance(5000);
      const uid = (await node.pod(NAME))?.metadata.uid ?? '';
      const id = node.agent?.runtime.containers(uid)[0]?.id ?? '';
      recording.note('touch /tmp/ready');
      await node.agent?.runtime.exec(id, { command: ['touch', '/tmp/ready'], stdin: false, tty: false });
      await node.real.advance(5000);
      recording.note('rm /tmp/ready');
      await node.agent?.runtime.exec(id, { command: ['rm', '/tmp/ready'], stdin: false, tty: false });
      await node.real.advance(5000);
    },
  },
  {
    title: 'NA-18: hooks run after the start and before the end',
    golden: 'hooks',
    spec: {
      containers: [
        {
          name: 'main',
          image: 'nginx',
          lifecycle: {
            postStart: { exec: { command: sh('sleep 3; echo Hello > /usr/share/message') } },
            preStop: { exec: { command: ['/usr/sbin/nginx', '-s', 'quit'] } },
          },
        },
      ],
    },
    run: async (node) => {
      await node.phase(NAME, 'Running');
      await remove(node);
      await released(node);
    },
  },
  {
    title: 'NA-19: a Pod that asks for more than the node has is refused',
    golden: 'out-of-cpu',
    spec: { containers: [{ name: 'main', image: 'nginx', resources: { requests: { cpu: '5' } } }] },
    run: (node) => node.phase(NAME, 'Failed'),
  },
  {
    title: 'NA-20: a Pod whose node selector the node does not have is refused',
    golden: 'node-affinity',
    spec: { nodeSelector: { disktype: 'ssd' }, containers: [{ name: 'main', image: 'nginx' }] },
    run: (node) => node.phase(NAME, 'Failed'),
  },
  {
    title: "NA-21: a program that does not exist fails to start, in the runtime's words",
    golden: 'start-error',
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox', command: ['nonesuch'] }] },
    run: (node) => node.phase(NAME, 'Failed'),
  },
  {
    title: 'NA-22: a container waits for the ConfigMap that it refers to',
    golden: 'config-missing',
    spec: {
      containers: [
        {
          name: 'main',
          image: 'nginx',
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }],
        },
      ],
    },
    run: async (node, recording) => {
      await waiting(node, 'CreateContainerConfigError');
      recording.note('the ConfigMap is created');
      await node.client
        .resource(resources.configMaps)
        .create({ metadata: { name: 'settings', namespace: 'default' }, data: { a: '1' } });
      await node.phase(NAME, 'Running');
    },
  },
  {
    title: 'NA-23: a Pod waits for the volume that it mounts',
    golden: 'volume-missing',
    spec: {
      containers: [{ name: 'main', image: 'nginx', volumeMounts: [{ name: 'config', mountPath: '/config' }] }],
      volumes: [{ name: 'config', configMap: { name: 'settings' } }],
    },
    run: async (node, recording) => {
      await node.real.advance(3000);
      recording.note('the ConfigMap is created');
      await node.client
        .resource(resources.configMaps)
        .create({ metadata: { name: 'settings', namespace: 'default' }, data: { a: '1' } });
      await node.phase(NAME, 'Running');
    },
  },
  {
    title: 'NA-24: a Pod with a deadline fails when it is over',
    golden: 'deadline',
    spec: {
      activeDeadlineSeconds: 10,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'main', image: 'busybox', command: ['sleep', '3600'] }],
    },
    run: (node) => node.phase(NAME, 'Failed'),
  },
];

describe('lives of pods', () => {
  it.each(STORIES)('$title', async ({ golden, spec, run }) => {
    const node = await new TestNode().start();
    await node.client.resource(resources.services).create({
      metadata: { name: 'kubernetes', namespace: 'default' },
      spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }] },
    });
    const recording = new Recording(node, NAME);
    await node.createPod({ metadata: { name: NAME }, spec });
    await run(node, recording);
    await node.real.advance(1000);
    await expect(await recording.text()).toMatchFileSnapshot(`golden/${golden}.txt`);
    node.cutPower();
  });
});
