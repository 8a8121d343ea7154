/** The manifests that Regatta starts from, applied with stock kubectl, do what their comments say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, TestCluster } from './support/cluster.ts';

describe('manifests with stock kubectl', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start();
  });
  afterAll(() => cluster.dispose());

  const jsonpath = (resource: string, path: string): Promise<string> =>
    cluster.kubectl('get', ...resource.split(' '), '-o', `jsonpath=${path}`);
  const phase = (pod: string): Promise<string> => jsonpath(`pod ${pod}`, '{.status.phase}');

  it('E2E-1: 01 a Pod gets its fields and runs', async () => {
    await cluster.apply('01-pod-nginx.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/nginx', '--timeout=30s');
    const pod = JSON.parse(await cluster.kubectl('get', 'pod', 'nginx', '-o', 'json')) as Record<string, never>;
    expect(pod).toMatchObject({
      spec: {
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        serviceAccountName: 'default',
        tolerations: [
          { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', operator: 'Exists', tolerationSeconds: 300 },
          { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', operator: 'Exists', tolerationSeconds: 300 },
        ],
      },
      status: {
        phase: 'Running',
        qosClass: 'BestEffort',
        podIP: expect.stringMatching(/^10\.244\./),
        hostIP: expect.stringMatching(/^192\.168\./),
      },
    });
    expect(JSON.stringify(pod)).toContain('kube-api-access-');
    const described = await cluster.kubectl('describe', 'pod', 'nginx');
    for (const text of [
      'Successfully assigned default/nginx to node-',
      'Pulling image "nginx"',
      'Started',
      'QoS Class:                   BestEffort',
    ]) {
      expect(described).toContain(text);
    }
    expect(await cluster.kubectl('get', 'pod', 'nginx', '--no-headers')).toMatch(/^nginx\s+1\/1\s+Running\s+0\s+\d+s$/);
  });

  it('E2E-2: 02 waits for a label, or goes past the scheduler', async () => {
    await cluster.apply('02-pod-placement.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/pinned', '--timeout=30s');
    expect(await jsonpath('pod pinned', '{.spec.nodeName}')).toBe('node-2');
    const events = await eventually('a FailedScheduling event', async () => {
      const text = await cluster.kubectl(
        'get',
        'events',
        '--field-selector',
        'involvedObject.name=on-ssd,reason=FailedScheduling',
        '-o',
        'jsonpath={.items[*].message}',
      );
      return text || undefined;
    });
    expect(events).toContain("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.");
    expect(await phase('on-ssd')).toBe('Pending');
    await cluster.kubectl('label', 'node', 'node-3', 'disktype=ssd');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/on-ssd', '--timeout=30s');
    expect(await jsonpath('pod on-ssd', '{.spec.nodeName}')).toBe('node-3');
  });

  it('E2E-3: 03 logs show the managed hosts file', async () => {
    await cluster.apply('03-pod-host-aliases.yaml');
    await cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/hostaliases-pod', '--timeout=30s');
    const logs = await cluster.kubectl('logs', 'hostaliases-pod');
    expect(logs).toContain('# Kubernetes-managed hosts file.');
    expect(logs).toContain('# Entries added by HostAliases.\n10.1.2.3\tfoo.remote\tbar.remote');
    expect(logs).toContain(`${await jsonpath('pod hostaliases-pod', '{.status.podIP}')}\thostaliases-pod`);
  });

  it('E2E-4: 09 a ReplicaSet keeps three, whatever is deleted', async () => {
    // The Pod of 01 has the labels that the ReplicaSet selects: it would be adopted.
    await cluster.kubectl('delete', 'pod', 'nginx');
    await cluster.apply('09-replicaset.yaml');
    await cluster.kubectl('wait', '--for=jsonpath={.status.readyReplicas}=3', 'rs/nginx-set', '--timeout=30s');
    const [victim = ''] = (
      await jsonpath('pods -l app=nginx', '{.items[?(@.metadata.ownerReferences)].metadata.name}')
    ).split(' ');
    await cluster.kubectl('delete', 'pod', victim);
    await cluster.kubectl('wait', '--for=jsonpath={.status.readyReplicas}=3', 'rs/nginx-set', '--timeout=30s');
    expect(await jsonpath('pods -l app=nginx', '{.items[*].metadata.name}')).not.toContain(victim);
    await cluster.kubectl('delete', 'rs', 'nginx-set');
    await eventually(
      'its Pods are collected',
      async () => !(await jsonpath('pods -l app=nginx', '{.items[?(@.metadata.ownerReferences)].metadata.name}')),
    );
  });

  it('E2E-5: 10 scale, set image, rollout status, history, undo, pause, resume, restart', async () => {
    await cluster.apply('10-deployment.yaml');
    await cluster.kubectl('rollout', 'status', 'deployment/nginx-deployment', '--timeout=60s');
    await cluster.kubectl('scale', 'deployment/nginx-deployment', '--replicas=4');
    await cluster.kubectl(
      'wait',
      '--for=jsonpath={.status.readyReplicas}=4',
      'deployment/nginx-deployment',
      '--timeout=30s',
    );
    await cluster.kubectl('set', 'image', 'deployment/nginx-deployment', 'nginx=nginx:1.9.1');
    await cluster.kubectl('annotate', 'deployment/nginx-deployment', 'kubernetes.io/change-cause=image 1.9.1');
    await cluster.kubectl('rollout', 'status', 'deployment/nginx-deployment', '--timeout=60s');
    await eventually('the change cause reaches the history', async () =>
      /2\s+image 1\.9\.1/.test(await cluster.kubectl('rollout', 'history', 'deployment/nginx-deployment')),
    );
    await cluster.kubectl('rollout', 'undo', 'deployment/nginx-deployment');
    await cluster.kubectl('rollout', 'status', 'deployment/nginx-deployment', '--timeout=60s');
    expect(await jsonpath('deployment nginx-deployment', '{.spec.template.spec.containers[0].image}')).toBe(
      'nginx:1.7.9',
    );
    await cluster.kubectl('rollout', 'pause', 'deployment/nginx-deployment');
    await cluster.kubectl('set', 'image', 'deployment/nginx-deployment', 'nginx=nginx:1.9.2');
    const paused = await jsonpath('pods -l app=nginx-deployment', '{.items[*].spec.containers[*].image}');
    expect(new Set(paused.split(' '))).toEqual(new Set(['nginx:1.7.9']));
    await cluster.kubectl('rollout', 'resume', 'deployment/nginx-deployment');
    await cluster.kubectl('rollout', 'restart', 'deployment/nginx-deployment');
    await cluster.kubectl('rollout', 'status', 'deployment/nginx-deployment', '--timeout=60s');
    const images = await jsonpath('pods -l app=nginx-deployment', '{.items[*].spec.containers[*].image}');
    expect(new Set(images.split(' '))).toEqual(new Set(['nginx:1.9.2']));
  });

  it('E2E-6: 15 a Service gets its addresses and follows the ready Pods', async () => {
    await cluster.apply('15-service.yaml');
    expect(await jsonpath('service web', '{.spec.ports[0].nodePort}')).toBe('30080');
    expect(await jsonpath('service web', '{.spec.clusterIP}')).toMatch(/^10\.(9[6-9]|10\d|11[01])\./);
    const slice = (): Promise<string> =>
      jsonpath(
        'endpointslices -l kubernetes.io/service-name=web',
        '{.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}',
      );
    await eventually('four ready endpoints', async () => (await slice()).split(' ').length === 4);
    const pods = await jsonpath('pods -l app=nginx-deployment', '{.items[*].status.podIP}');
    expect(new Set((await slice()).split(' '))).toEqual(new Set(pods.split(' ')));
    await cluster.kubectl('scale', 'deployment/nginx-deployment', '--replicas=1');
    await eventually('one endpoint left', async () => (await slice()).split(' ').length === 1);
  });

  it('E2E-7: 17 Guaranteed, Burstable, and too big for any node', async () => {
    await cluster.apply('17-qos-and-limits.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/guaranteed', 'pod/burstable', '--timeout=30s');
    expect(await jsonpath('pod guaranteed', '{.status.qosClass}')).toBe('Guaranteed');
    expect(await jsonpath('pod burstable', '{.status.qosClass}')).toBe('Burstable');
    const message = await eventually(
      'too-big is refused',
      async () =>
        (await jsonpath('pod too-big', '{.status.conditions[?(@.type=="PodScheduled")].message}')) || undefined,
    );
    expect(message).toContain('0/3 nodes are available: 3 Insufficient cpu.');
  });

  it('E2E-8: logs, exec of single commands, describe node, top-level listing', async () => {
    await cluster.apply('01-pod-nginx.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/nginx', '--timeout=30s');
    expect(await cluster.kubectl('exec', 'nginx', '--', 'cat', '/etc/hostname')).toBe('nginx');
    const failed = await cluster.tryKubectl('exec', 'nginx', '--', 'sh', '-c', 'exit 3');
    expect(failed.code).toBe(3);
    expect(await cluster.kubectl('describe', 'node', 'node-1')).toContain('KubeletReady');
    expect(await cluster.kubectl('get', 'all')).toContain('deployment.apps/nginx-deployment');
    expect(await cluster.kubectl('logs', 'nginx')).not.toBe('');
  });
});
