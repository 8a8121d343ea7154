/** The Pod network, DNS and images of one's own, with stock kubectl on three machines. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, root, TestCluster } from './support/cluster.ts';

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.57';

const POD = (name: string, node: string): string => `
---
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: nets}}
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  containers:
    - {name: main, image: '${AGNHOST}', args: [netexec]}
`;

const MANIFEST = `
apiVersion: v1
kind: Service
metadata: {name: nets}
spec:
  selector: {app: nets}
  ports:
    - {name: http, port: 80, targetPort: 8080, protocol: TCP}
    - {name: udp, port: 90, targetPort: 8081, protocol: UDP}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  default.conf: |
    server { listen 80; location / { proxy_pass http://nets; } }
---
apiVersion: v1
kind: Pod
metadata: {name: front, labels: {app: front}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: web
      image: nginx
      volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]
      ports: [{containerPort: 80, hostPort: 8001}]
  volumes: [{name: conf, configMap: {name: conf}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: look}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
---
apiVersion: v1
kind: Pod
metadata: {name: hello}
spec: {containers: [{name: main, image: 'example/hello:1.0'}]}
${POD('a', 'node-1')}${POD('b', 'node-2')}${POD('c', 'node-3')}`;

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const LIST_PODS = `curl -s --cacert ${ACCOUNT}/ca.crt -H "Authorization: Bearer $(cat ${ACCOUNT}/token)" https://kubernetes.default.svc/api/v1/namespaces/default/pods`;

describe('Pods among themselves', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start({
      nodes: 3,
      speed: 10,
      flags: ['--images', path.join(root, 'examples', 'images')],
    });
    const file = path.join(cluster.dataDir, 'pods.yaml');
    fs.writeFileSync(file, MANIFEST);
    await cluster.kubectl('apply', '-f', file);
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s');
  });
  afterAll(() => cluster.dispose());

  const inPod = (...command: string[]): Promise<string> => cluster.kubectl('exec', 'a', '--', ...command);
  const ipOf = (pod: string): Promise<string> => cluster.kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.podIP}');

  it('NET-1, NET-22: TCP and UDP spread over the machines by the Service’s name', async () => {
    const dial = async (port: number, protocol: string): Promise<unknown> =>
      JSON.parse(
        await inPod(
          'curl',
          '-s',
          `localhost:8080/dial?host=nets&port=${port}&protocol=${protocol}&request=hostname&tries=30`,
        ),
      );
    for (const answer of [await dial(80, 'http'), await dial(90, 'udp')]) {
      const { responses } = answer as { responses: string[] };
      expect(new Set(responses)).toEqual(new Set(['a', 'b', 'c']));
    }
  });

  it('NET-30, NET-40: dig and the resolver find Services', async () => {
    expect(await inPod('dig', '+noall', '+answer', '+search', 'kubernetes.default', 'A')).toMatch(
      /^kubernetes\.default\.svc\.cluster\.local\.\s+30\s+IN\s+A\s+10\.96\.0\.1$/,
    );
    expect(await inPod('curl', '-s', 'http://nets.default/echo?msg=hi')).toBe('hi');
  });

  it('NET-18: the API server answers with its token, and its certificate is checked', async () => {
    const pods = JSON.parse(await inPod('sh', '-c', LIST_PODS)) as { items: { metadata: { name: string } }[] };
    expect(pods.items.map(({ metadata }) => metadata.name)).toContain('front');
    await expect(inPod('curl', '-sS', 'https://kubernetes.default.svc/healthz')).rejects.toThrow(
      'SSL certificate problem',
    );
    await expect(inPod('curl', '-sS', '-k', `https://127.0.0.1:${cluster.port}/healthz`)).rejects.toThrow(
      'Could not connect',
    );
  });

  it('IMG-11, NET-8: nginx proxies by a mounted configuration, also through its host port', async () => {
    const node = await cluster.kubectl('get', 'pod', 'front', '-o', 'jsonpath={.status.hostIP}');
    for (const at of [await ipOf('front'), `${node}:8001`])
      expect(await inPod('curl', '-s', `http://${at}/echo?msg=hi`)).toBe('hi');
  });

  it('IMG-40: an image of one’s own serves', async () => {
    expect(await inPod('curl', '-s', `http://${await ipOf('hello')}:8080/`)).toBe('hello from hello');
  });

  it('NET-18: a partitioned machine’s Pods reach nobody, and come back', async () => {
    const far = await ipOf('b');
    const reach = (url: string): Promise<string> =>
      inPod('curl', '-s', '-k', '-m', '2', '-o', '/dev/null', '-w', '%{http_code}', url);
    expect(await reach(`http://${far}:8080/hostname`)).toBe('200');
    await cluster.regatta('node', 'partition', 'node-2', '--for', '60s');
    await expect(reach(`http://${far}:8080/hostname`)).rejects.toThrow('exit code 28');
    await cluster.regatta('node', 'heal', 'node-2');
    await eventually('node-2 answers', async () =>
      (await reach(`http://${far}:8080/hostname`)) === '200' ? true : undefined,
    );
  });
});
