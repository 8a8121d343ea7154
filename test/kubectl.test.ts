/** Stock kubectl: what its commands print and how they end, on one small cluster. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { eventually, execute, kubectlPath, type Output, TestCluster } from './support/cluster.ts';

const POD = { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['true'] }] };

describe('kubectl', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 1 });
    vi.stubEnv('KUBECTL_APPLYSET', 'true');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await cluster.dispose();
  });

  const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(...args);
  const tryKubectl = (...args: string[]): Promise<Output> => cluster.tryKubectl(...args);
  const feed = (input: object, ...args: string[]): Promise<Output> =>
    execute(kubectlPath, ['--kubeconfig', cluster.kubeconfig, ...args], `${JSON.stringify(input)}\n`);
  const map = (name: string, data: Record<string, string>, labels: Record<string, string> = {}): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels },
    data,
  });
  const list = (...items: object[]): object => ({ apiVersion: 'v1', kind: 'List', items });
  const cells = (text: string): string[] =>
    text.split('\n').map((line) =>
      line
        .trim()
        .split(/\s{2,}/)
        .join(' | '),
    );

  it('E2E-94: explains and lists what is served, in every form', async () => {
    const [v3, v2, recursive, categories, rights, missing] = await Promise.all([
      kubectl('explain', 'job.spec.backoffLimit'),
      kubectl('explain', 'job.spec', '--output', 'plaintext-openapiv2'),
      kubectl('explain', 'cronjob.spec.jobTemplate', '--recursive'),
      kubectl('api-resources', '-o', 'name', '--categories=all', '--api-group=batch'),
      kubectl('auth', 'can-i', '--list', '--as=nobody', '--no-headers'),
      tryKubectl('explain', 'pod.spec.nosuch'),
    ]);
    expect(v3).toContain('GROUP:      batch\nKIND:       Job\nVERSION:    v1\n\nFIELD: backoffLimit <integer>');
    expect(v2).toContain('KIND:     Job\nVERSION:  batch/v1\n\nRESOURCE: spec <Object>\n\nDESCRIPTION:');
    expect(recursive).toMatch(/ttlSecondsAfterFinished\t<integer>/);
    expect(categories.split('\n')).toEqual(['cronjobs.batch', 'jobs.batch']);
    expect(rights).toContain('selfsubjectaccessreviews.authorization.k8s.io');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('field "nosuch" does not exist') });
  });

  it.each([
    ['deployment.apps/d', ['deployment', 'd', '--image=nginx', '--replicas=2', '--port=80']],
    ['cronjob.batch/c', ['cronjob', 'c', '--image=busybox', '--schedule=0 0 1 1 *', '--', 'date']],
    ['ingress.networking.k8s.io/i', ['ingress', 'i', '--rule=h.example/p*=s:80,tls=t', '--class=nginx']],
    ['poddisruptionbudget.policy/p', ['pdb', 'p', '--selector=a=b', '--max-unavailable=50%']],
    ['priorityclass.scheduling.k8s.io/pc', ['priorityclass', 'pc', '--value=10']],
    ['resourcequota/q', ['quota', 'q', '--hard=pods=5', '--scopes=BestEffort,NotTerminating']],
    ['role.rbac.authorization.k8s.io/r', ['role', 'r', '--verb=get', '--resource=pods,deployments.apps']],
    ['secret/s', ['secret', 'docker-registry', 's', '--docker-username=u', '--docker-password=p']],
    ['service/l', ['service', 'loadbalancer', 'l', '--tcp=80']],
    ['service/e', ['service', 'externalname', 'e', '--external-name=x.example']],
  ])('E2E-95: creates %s as its generator says', async (name, args) => {
    expect(
      await kubectl(
        'create',
        ...args.slice(0, 1),
        ...args.slice(1, 2),
        '--dry-run=server',
        '-o',
        'name',
        ...args.slice(2),
      ),
    ).toBe(name);
  });

  it('E2E-96: shows what there is in columns, paths and subresources; says what it can not', async () => {
    await kubectl('create', 'deployment', 'web', '--image=nginx');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=20s');
    const [scale, columns, selector, waited, late] = await Promise.all([
      kubectl('get', 'deployment', 'web', '--subresource=scale', '--no-headers'),
      kubectl('get', 'deployment', '-o', 'custom-columns=N:.metadata.name,X:.nope,R:.status.readyReplicas'),
      tryKubectl('get', 'pods', '--field-selector=foo=bar'),
      kubectl('wait', '--for=jsonpath={.status.readyReplicas}=1', 'deployment/web', '--timeout=20s'),
      tryKubectl('wait', '--for=condition=Nope', 'deployment/web', '--timeout=1s'),
    ]);
    expect(scale).toMatch(/^web\s+1\s+1\s+\d+s$/);
    expect(cells(columns)).toEqual(['N | X | R', 'web | <none> | 1']);
    expect(selector.stderr).toContain('field label not supported: foo');
    expect(waited).toBe('deployment.apps/web condition met');
    expect(late.stderr).toBe('error: timed out waiting for the condition on deployments/web\n');
    expect(await kubectl('get', '--raw', '/apis/apps/v1/namespaces/default/deployments/web/scale')).toContain(
      '"kind":"Scale"',
    );
    const scaled = await tryKubectl('scale', 'deployment/web', '--replicas=2', '--current-replicas=9');
    expect(scaled.stderr).toBe('error: Expected replicas to be 9, was 1\n');
  });

  it('E2E-97: edits, patches and replaces; conflicts and refusals end as upstream’s', async () => {
    await kubectl('create', 'configmap', 'm', '--from-literal=a=1');
    const old = JSON.parse(await kubectl('get', 'configmap', 'm', '-o', 'json')) as object;
    vi.stubEnv('KUBE_EDITOR', `sed -i 's/a: "1"/a: "2"/'`);
    expect(await kubectl('edit', 'configmap', 'm')).toBe('configmap/m edited');
    expect((await tryKubectl('edit', 'configmap', 'm')).stderr).toBe('Edit cancelled, no changes made.\n');
    const [replaced, failed, wrong, labelled] = await Promise.all([
      feed(old, 'replace', '-f', '-'),
      tryKubectl('patch', 'configmap', 'm', '--type=json', '-p', '[{"op":"test","path":"/data/a","value":"0"}]'),
      tryKubectl('patch', 'configmap', 'm', '-p', 'x'),
      tryKubectl('label', 'configmap', 'm', 'bad/=1'),
    ]);
    expect(replaced.stderr).toContain('Operation cannot be fulfilled on configmaps "m": the object has been modified');
    expect(failed.stderr).toBe(
      'The request is invalid: the server rejected our request due to an error in our request\n',
    );
    expect(wrong.stderr).toContain('json: cannot unmarshal string into Go value of type map[string]interface {}');
    expect(labelled.stderr).toContain('* metadata.labels: Invalid value: "bad/": name part must be non-empty');
    expect((await feed(map('m', { a: '3' }), 'replace', '--force', '-f', '-')).stdout).toContain(
      'configmap/m replaced',
    );
  });

  it('E2E-98: applies with pruning by set, tells differences, moves between the two ways of applying', async () => {
    const [one, two] = [map('one', { a: '1' }, { g: 'x' }), map('two', { a: '1' }, { g: 'x' })];
    const set = ['apply', '--server-side', '-n', 'default', '--prune', '--applyset=configmaps/set', '-f', '-'];
    expect((await feed(list(one, two), ...set)).stdout).toContain('configmap/two serverside-applied');
    expect((await feed(one, ...set)).stdout).toBe('configmap/one serverside-applied\nconfigmap/two pruned\n');
    const changed = map('one', { a: '9' }, { g: 'x' });
    expect((await feed(changed, 'diff', '--server-side', '-f', '-')).stdout).toContain('-  a: "1"\n+  a: "9"');
    expect(await feed(changed, 'diff', '--server-side', '-f', '-')).toMatchObject({ code: 1 });
    const other = await feed(changed, 'apply', '--server-side', '--field-manager=other', '-f', '-');
    expect(other.stderr).toContain('Apply failed with 1 conflict: conflict with "kubectl": .data.a');
    expect((await feed(map('csa', { a: '1' }), 'apply', '-f', '-')).stdout).toBe('configmap/csa created\n');
    expect((await feed(map('csa', { b: '1' }), 'apply', '--server-side', '-f', '-')).code).toBe(0);
    expect(await kubectl('get', 'configmap', 'csa', '-o', 'jsonpath={.data}')).toBe('{"b":"1"}');
    const unknown = await feed({ ...map('u', {}), dta: {} }, 'apply', '-f', '-');
    expect(unknown.stderr).toContain('strict decoding error: unknown field "dta"');
  });

  it('E2E-99: runs, attaches, drains and deletes', async () => {
    const run = ['run', '--image=busybox', '--pod-running-timeout=20s', '-i', '--quiet'];
    const [failing, kept] = await Promise.all([
      feed({}, ...run, 'failing', '--restart=Never', '--', 'sh', '-c', 'exit 42'),
      feed({}, ...run, 'kept', '--restart=OnFailure', '--leave-stdin-open', '--', 'sh', '-c', 'cat; echo closed'),
    ]);
    expect([failing.code, kept.code]).toEqual([42, 0]);
    await eventually('what was given', async () => (await kubectl('logs', 'kept')) === '{}');
    const drained = await tryKubectl('drain', 'node-1', '--ignore-daemonsets');
    expect(drained.stderr).toContain('Pods that declare no controller (use --force to override): default/kept');
    expect(await kubectl('uncordon', 'node-1')).toBe('node/node-1 uncordoned');
    await kubectl('delete', 'deployment', 'web', '--cascade=orphan');
    expect(await kubectl('get', 'replicasets', '-l', 'app=web', '-o', 'name')).toContain('replicaset.apps/web-');
    const forced = await tryKubectl('delete', 'pod', 'kept', '--grace-period=0', '--force');
    expect(forced.stdout).toBe('pod "kept" force deleted from default namespace\n');
    expect((await tryKubectl('delete', 'namespace', 'default')).stderr).toContain('this namespace may not be deleted');
    expect((await tryKubectl('top', 'nodes')).stderr).toBe('error: Metrics API not available\n');
  });

  it('E2E-100: a Job made by hand from a CronJob runs, and is described as upstream’s', async () => {
    const template = { spec: { template: { spec: POD } } };
    const spec = { schedule: '0 0 1 1 *', timeZone: 'Europe/Berlin', jobTemplate: template };
    await feed({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'c' }, spec }, 'create', '-f', '-');
    await kubectl('create', 'job', 'now', '--from=cronjob/c');
    await kubectl('wait', '--for=condition=complete', 'job/now', '--timeout=20s');
    expect(cells(await kubectl('get', 'job', 'now', '--no-headers'))[0]).toMatch(
      /^now \| Complete \| 1\/1 \| \d+s \| \d+s$/,
    );
    const described = await kubectl('describe', 'job', 'now');
    for (const text of [
      'Controlled By:    CronJob/c',
      '0 Active (0 Ready) / 1 Succeeded / 0 Failed',
      'Job completed',
    ]) {
      expect(described).toContain(text);
    }
    await eventually('the event', async () =>
      (await kubectl('describe', 'cronjob', 'c')).includes(
        'Saw a job that the controller did not create or forgot: now',
      ),
    );
  });

  it('E2E-101: kubectl proxy serves on a socket, and filters what is dangerous', async () => {
    const socket = path.join(cluster.dataDir, 'proxy');
    const script = `"${kubectlPath}" --kubeconfig "${cluster.kubeconfig}" proxy --unix-socket="${socket}" >/dev/null & p=$!
      i=0; until [ -S "${socket}" ] || [ $i = 100 ]; do i=$((i+1)); sleep 0.1; done
      curl -s --unix-socket "${socket}" http://localhost/version
      curl -s --unix-socket "${socket}" http://localhost/api/v1/namespaces/default/pods/x/exec; kill $p`;
    const { stdout } = await execute('sh', ['-c', script]);
    expect(stdout).toContain('"gitVersion": "v1.36');
    expect(stdout).toContain('Forbidden');
  });
});
