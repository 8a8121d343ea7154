/** The manifests that Regatta starts from, applied with stock kubectl, do what their comments say. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, fixtures, TestCluster } from './support/cluster.ts';

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
    const end =
      '{.status.phase} {.status.containerStatuses[0].state.terminated.reason} {.status.containerStatuses[0].state.terminated.exitCode}';
    await eventually(
      'the hog is killed',
      async () => (await jsonpath('pod memory-hog', end)) === 'Failed OOMKilled 137',
    );
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

  const restarts = async (pod: string): Promise<number> =>
    Number(await jsonpath(`pod ${pod}`, '{.status.containerStatuses[0].restartCount}'));
  const events = (pod: string): Promise<string> =>
    cluster.kubectl('get', 'events', '--field-selector', `involvedObject.name=${pod}`, '--no-headers');

  it('E2E-9: 05 runs its hooks', async () => {
    await cluster.apply('05-pod-lifecycle-hooks.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/lifecycle-demo', '--timeout=30s');
    expect(await cluster.kubectl('exec', 'lifecycle-demo', '--', 'cat', '/usr/share/message')).toBe(
      'Hello from the postStart handler',
    );
    // nginx obeys its own command: nothing has to be killed, so that no grace period goes by.
    await cluster.kubectl('delete', 'pod', 'lifecycle-demo', '--timeout=10s');
    const told = await events('lifecycle-demo');
    expect(told).toContain('Stopping container lifecycle-demo-container');
    expect(told).not.toContain('FailedPreStopHook');
  });

  it('E2E-10: 06 fails its liveness probe and starts again', async () => {
    await cluster.apply('06-pod-liveness-exec.yaml');
    await eventually('a restart', async () => (await restarts('test-liveness-exec')) >= 1);
    const told = await eventually('the events', async () => {
      const text = await events('test-liveness-exec');
      return text.includes('Killing') && text;
    });
    expect(told).toMatch(/Unhealthy.*Liveness probe failed: cat: .*\/tmp\/healthy'?: No such file or directory/);
    expect(told).toContain('Container liveness failed liveness probe, will be restarted');
    await cluster.kubectl('delete', 'pod', 'test-liveness-exec', '--grace-period=0', '--force');
  });

  it('E2E-15: 07 the init container leaves its archive for the server', async () => {
    await cluster.apply('07-pod-init-container.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/javaweb-2', '--timeout=30s');
    expect(await jsonpath('pod javaweb-2', '{.status.initContainerStatuses[0].state.terminated.reason}')).toBe(
      'Completed',
    );
    expect(await cluster.kubectl('exec', 'javaweb-2', '--', 'ls', '/root/apache-tomcat-7.0.42-v2/webapps')).toContain(
      'sample.war',
    );
  });

  it('E2E-16: 04 containers of one Pod see each other, with pause as the first', async () => {
    await cluster.apply('04-pod-share-process-namespace.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/shared-pid', '--timeout=30s');
    const processes = await cluster.kubectl('exec', 'shared-pid', '-c', 'shell', '--', 'ps');
    expect(processes).toMatch(/^ +1 .*\/pause$/m);
    expect(processes).toMatch(/nginx: master process/);
    await cluster.kubectl('delete', 'pod', 'shared-pid', '--grace-period=0', '--force');
  });

  it('E2E-11: 16 readiness follows the probe once the startup probe has let it', async () => {
    await cluster.apply('16-probes.yaml');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/probes', '--timeout=30s');
    await cluster.kubectl('exec', 'probes', '--', 'mv', '/usr/share/nginx/html/index.html', '/tmp/');
    await cluster.kubectl('wait', '--for=condition=Ready=false', 'pod/probes', '--timeout=30s');
    expect(await events('probes')).toMatch(/Unhealthy.*Readiness probe failed:/);
    await cluster.kubectl('exec', 'probes', '--', 'mv', '/tmp/index.html', '/usr/share/nginx/html/');
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/probes', '--timeout=30s');
    expect(await restarts('probes')).toBe(0);
  });

  it('E2E-12: 08 Secrets and labels as files, which follow their objects', async () => {
    const secret = (name: string, key: string, value: string): Promise<string> =>
      cluster.kubectl('create', 'secret', 'generic', name, `--from-literal=${key}=${value}`);
    await secret('user', 'username.txt', 'admin');
    await secret('pass', 'password.txt', 'old');
    await cluster.apply('08-projected-volumes.yaml');
    const pods = ['pod/test-projected-volume', 'pod/test-downwardapi-volume'];
    await cluster.kubectl('wait', '--for=condition=Ready', ...pods, '--timeout=30s');
    const read = (file: string): Promise<string> =>
      cluster.kubectl('exec', 'test-projected-volume', '--', 'cat', `/projected-volume/${file}`);
    expect(await read('username.txt')).toBe('admin');
    const patch = JSON.stringify({ stringData: { 'password.txt': 'new' } });
    await cluster.kubectl('patch', 'secret', 'pass', '-p', patch);
    await eventually('the edit appears', async () => (await read('password.txt')) === 'new');
    await eventually('the labels in the log', async () =>
      (await cluster.kubectl('logs', 'test-downwardapi-volume')).includes('cluster="test-cluster1"'),
    );
  });

  it('E2E-13: kubectl debug: into a Pod, a copy of it, and onto its node', async () => {
    const at = ['--image=busybox', '--profile=general'];
    const peek = ['--', 'sh', '-c', 'echo peeked; exit 3'];
    await cluster.kubectl('debug', 'probes', ...at, '--target=web', '-c', 'peek', ...peek);
    const status = '{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}';
    await eventually('it has ended', async () => (await jsonpath('pod probes', status)) === '3');
    expect(await cluster.kubectl('logs', 'probes', '-c', 'peek')).toBe('peeked');
    await cluster.kubectl('debug', 'probes', ...at, '--copy-to=copy', '--share-processes', '--', 'sleep', '1d');
    await cluster.kubectl('wait', '--for=jsonpath={.status.containerStatuses[1].ready}=true', 'pod/copy');
    expect(await jsonpath('pod copy', '{.spec.shareProcessNamespace}')).toBe('true');
    await cluster.kubectl('debug', 'node/node-1', ...at, '--', 'sleep', '1d');
    const [debuggers = ''] = (await cluster.kubectl('get', 'pods', '-o', 'name')).match(/pod\/node-debugger-\S+/) ?? [];
    await cluster.kubectl('wait', '--for=condition=Ready', debuggers, '--timeout=30s');
    expect(await cluster.kubectl('get', debuggers, '-o', 'jsonpath={.spec.nodeName}')).toBe('node-1');
    expect(await cluster.kubectl('exec', debuggers, '--', 'ls', '/host')).toContain('etc');
    await cluster.kubectl('delete', 'pod/copy', debuggers, '--grace-period=0', '--force');
  });

  it('E2E-14: a resize in place, and a static Pod that a delete does not end', async () => {
    const resources = (cpu: string) =>
      JSON.stringify({ spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } });
    await cluster.kubectl('patch', 'pod', 'burstable', '--subresource=resize', '-p', resources('250m'));
    const given = '{.status.containerStatuses[0].allocatedResources.cpu}';
    await eventually('the resize', async () => (await jsonpath('pod burstable', given)) === '250m');
    expect(await restarts('burstable')).toBe(0);
    const refused = await cluster.tryKubectl(
      'patch',
      'pod',
      'guaranteed',
      '--subresource=resize',
      '-p',
      resources('250m'),
    );
    expect(refused.stderr).toContain('Pod QOS Class may not change as a result of resizing');
    const folder = path.join(cluster.dataDir, 'nodes', 'node-2', 'manifests');
    fs.copyFileSync(path.join(fixtures, 'manifests', '01-pod-nginx.yaml'), path.join(folder, 'web.yaml'));
    const mirror = 'nginx-node-2';
    await eventually('the mirror runs', async () => (await phase(mirror)) === 'Running');
    const id = (): Promise<string> =>
      jsonpath(`pod ${mirror}`, '{.metadata.uid} {.status.containerStatuses[0].containerID}');
    const [uid, container] = (await id()).split(' ');
    await cluster.kubectl('delete', 'pod', mirror, '--wait=false');
    const back = await eventually('another mirror of the same container', async () => {
      const [now, same] = (await id()).split(' ');
      return now !== uid && same === container;
    });
    expect(back).toBe(true);
    fs.rmSync(path.join(folder, 'web.yaml'));
    await eventually(
      'it goes with its manifest',
      async () => !(await jsonpath('pods', '{.items[*].metadata.name}')).includes(mirror),
    );
  });
});
