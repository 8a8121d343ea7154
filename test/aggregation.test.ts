/** An extension server in a Pod: upstream's Aggregator test (test/e2e/apimachinery/aggregator.go), step by step. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servingCertificate } from './support/certificates.ts';
import { eventually, execute, kubectlPath, TestCluster } from './support/cluster.ts';

const NAME = 'v1alpha1.wardle.example.com';
const FLUNDERS = '/apis/wardle.example.com/v1alpha1/namespaces/agg/flunders';

const encoded = (text: string): string => Buffer.from(text).toString('base64');

function manifests(key: string, certificate: string): string {
  return `
apiVersion: v1
kind: Namespace
metadata: {name: agg}
---
apiVersion: v1
kind: Secret
metadata: {name: sample-apiserver-secret, namespace: agg}
data: {tls.crt: ${encoded(certificate)}, tls.key: ${encoded(key)}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "wardler:agg:auth-delegator"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:auth-delegator"}
subjects: [{kind: ServiceAccount, name: default, namespace: agg}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: wardler-auth-reader, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader}
subjects: [{kind: ServiceAccount, name: default, namespace: agg}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sample-apiserver-deployment, namespace: agg}
spec:
  selector: {matchLabels: {apiserver: "true"}}
  template:
    metadata: {labels: {apiserver: "true"}}
    spec:
      terminationGracePeriodSeconds: 0
      volumes: [{name: certs, secret: {secretName: sample-apiserver-secret}}]
      containers:
        - name: sample-apiserver
          image: registry.k8s.io/e2e-test-images/sample-apiserver:1.29.2
          args: ["--etcd-servers=http://localhost:2379", --tls-cert-file=/certs/tls.crt, --tls-private-key-file=/certs/tls.key]
          readinessProbe: {httpGet: {path: /readyz, port: 443, scheme: HTTPS}, periodSeconds: 1}
          volumeMounts: [{name: certs, readOnly: true, mountPath: /certs}]
        - name: etcd
          image: registry.k8s.io/etcd:3.6.6-0
          command: [/usr/local/bin/etcd, --listen-client-urls, "http://127.0.0.1:2379"]
---
apiVersion: v1
kind: Service
metadata: {name: sample-api, namespace: agg}
spec: {selector: {apiserver: "true"}, ports: [{port: 7443, targetPort: 443}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: ${NAME}}
spec:
  service: {namespace: agg, name: sample-api, port: 7443}
  group: wardle.example.com
  version: v1alpha1
  caBundle: ${encoded(certificate)}
  groupPriorityMinimum: 2000
  versionPriority: 200
`;
}

describe('an extension server in a Pod', () => {
  let cluster: TestCluster;
  const feed = (input: string, ...args: string[]): ReturnType<typeof execute> =>
    execute(kubectlPath, ['--kubeconfig', cluster.kubeconfig, ...args], input);

  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 1, speed: 20 });
    const { key, certificate } = await servingCertificate(['sample-api.agg.svc']);
    expect((await feed(manifests(key, certificate), 'apply', '-f', '-')).stderr).toBe('');
    await cluster.kubectl('wait', '--for=condition=Available', `apiservice/${NAME}`, '--timeout=20s');
  });
  afterAll(() => cluster.dispose());

  it('E2E-86: serves its own kinds to kubectl, to whom the cluster lets in', async () => {
    const flunder = { apiVersion: 'wardle.example.com/v1alpha1', kind: 'Flunder', metadata: { name: 'f' } };
    const created = await feed(JSON.stringify(flunder), 'create', '--raw', FLUNDERS, '-f', '-');
    expect(JSON.parse(created.stdout)).toMatchObject({ kind: 'Flunder', metadata: { name: 'f', namespace: 'agg' } });
    expect(JSON.parse(await cluster.kubectl('get', '--raw', FLUNDERS))).toMatchObject({ items: [{ spec: {} }] });
    expect(await cluster.kubectl('-n', 'agg', 'get', 'flunders')).toMatch(/^NAME +CREATED AT\nf +20/);
    const refused = await feed('', '-n', 'agg', 'get', 'flunders', '--as=somebody');
    expect(refused.stderr).toContain(
      'flunders.wardle.example.com is forbidden: User "somebody" cannot list resource "flunders" in API group "wardle.example.com" in the namespace "agg"',
    );
    const unknown = await feed(JSON.stringify({ ...flunder, other: 1 }), '-n', 'agg', 'create', '-f', '-');
    expect(unknown.stderr).toContain('strict decoding error: unknown field "other"');
    await cluster.kubectl('-n', 'agg', 'delete', 'flunder', 'f');
    expect(JSON.parse(await cluster.kubectl('get', '--raw', FLUNDERS))).toMatchObject({ items: [] });
    const both = await cluster.kubectl('get', '--raw', '/openapi/v2');
    expect(both).toContain('"com.example.wardle.v1alpha1.Flunder"');
  });

  it('E2E-88: a namespace goes with what the server keeps in it', async () => {
    await cluster.kubectl('create', 'namespace', 'short-lived');
    const flunder = { apiVersion: 'wardle.example.com/v1alpha1', kind: 'Flunder', metadata: { name: 'f' } };
    expect((await feed(JSON.stringify(flunder), '-n', 'short-lived', 'create', '-f', '-')).stderr).toBe('');
    await cluster.kubectl('delete', 'namespace', 'short-lived', '--timeout=20s');
    expect(JSON.parse(await cluster.kubectl('get', '--raw', FLUNDERS.replace('agg', 'short-lived')))).toMatchObject({
      items: [],
    });
  });

  it('E2E-87: its APIService is patched, labelled, and deleted by its label', async () => {
    await cluster.kubectl('patch', 'apiservice', NAME, '-p', '{"spec":{"versionPriority":400}}');
    const status = await cluster.kubectl('get', '--raw', `/apis/apiregistration.k8s.io/v1/apiservices/${NAME}/status`);
    expect(JSON.parse(status)).toMatchObject({
      spec: { versionPriority: 400 },
      status: { conditions: [{ type: 'Available', status: 'True', reason: 'Passed' }] },
    });
    await cluster.kubectl('label', 'apiservice', NAME, 'e2e=patched');
    await cluster.kubectl('delete', 'apiservice', '-l', 'e2e=patched');
    await eventually('no such path', async () => {
      const { stderr } = await feed('', 'get', '--raw', FLUNDERS);
      return stderr.includes('NotFound');
    });
  });
});
