/** Webhooks that run in the cluster: agnhost's servers behind Services, called by the API server over TLS. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servingCertificate } from './support/certificates.ts';
import { eventually, execute, kubectlPath, TestCluster } from './support/cluster.ts';

const AGNHOST = 'registry.k8s.io/e2e-test-images/agnhost:2.57';

function server(name: string, key: string, certificate: string): string {
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  return `
---
apiVersion: v1
kind: Secret
metadata: {name: ${name}}
data: {tls.crt: ${encoded(certificate)}, tls.key: ${encoded(key)}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 0
      volumes: [{name: certs, secret: {secretName: ${name}}}]
      containers:
        - name: main
          image: ${AGNHOST}
          args: [${name}, --tls-cert-file=/certs/tls.crt, --tls-private-key-file=/certs/tls.key, --port=8444, -v=4]
          readinessProbe: {httpGet: {scheme: HTTPS, port: 8444, path: /readyz}, periodSeconds: 1}
          volumeMounts: [{name: certs, mountPath: /certs, readOnly: true}]
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 8443, targetPort: 8444}]}
`;
}

const configuration = (kind: string, path: string, caBundle: string): string => `
---
apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}WebhookConfiguration
metadata: {name: ${path}}
webhooks:
  - name: ${path}.k8s.io
    rules: [{operations: [CREATE, UPDATE, DELETE], apiGroups: [""], apiVersions: [v1], resources: [configmaps]}]
    objectSelector: {matchLabels: {reviewed: "yes"}}
    clientConfig:
      caBundle: ${caBundle}
      service: {namespace: default, name: webhook, port: 8443, path: /${path}}
    failurePolicy: Fail
    sideEffects: None
    admissionReviewVersions: [v1, v1beta1]
    timeoutSeconds: 5
`;

const definition = (caBundle: string): string => `
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: hosts.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: hosts, kind: Host}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {hostPort: {type: string}}}}
    - name: v2
      served: true
      storage: false
      schema: {openAPIV3Schema: {type: object, properties: {host: {type: string}, port: {type: string}}}}
  conversion:
    strategy: Webhook
    webhook:
      conversionReviewVersions: [v1, v1beta1]
      clientConfig:
        caBundle: ${caBundle}
        service: {namespace: default, name: crd-conversion-webhook, port: 8443, path: /crdconvert}
`;

function configMap(name: string, data: object): string {
  const metadata = { name, labels: { reviewed: 'yes' } };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
}

describe('webhooks in the cluster', () => {
  let cluster: TestCluster;
  const feed = (input: string, ...args: string[]): ReturnType<typeof execute> =>
    execute(kubectlPath, ['--kubeconfig', cluster.kubeconfig, ...args, '-f', '-'], input);
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 1, speed: 20 });
    const names = ['webhook', 'crd-conversion-webhook'];
    const { key, certificate } = await servingCertificate(names.map((name) => `${name}.default.svc`));
    const caBundle = Buffer.from(certificate).toString('base64');
    const servers = names.map((name) => server(name, key, certificate)).join('');
    expect((await feed(servers, 'apply')).stderr).toBe('');
    await cluster.kubectl('wait', '--for=condition=Available', 'deploy', '--all', '--timeout=20s');
    const configurations = configuration('Validating', 'configmaps', caBundle);
    const mutating = configuration('Mutating', 'mutating-configmaps', caBundle);
    expect((await feed(`${configurations}${mutating}${definition(caBundle)}`, 'apply')).stderr).toBe('');
    await cluster.kubectl('wait', '--for=condition=Established', 'crd/hosts.stable.example.com', '--timeout=10s');
  });
  afterAll(() => cluster.dispose());

  it('E2E-61: objects are converted on their way in and out', async () => {
    const host = {
      apiVersion: 'stable.example.com/v1',
      kind: 'Host',
      metadata: { name: 'h' },
      hostPort: 'localhost:80',
    };
    expect((await feed(JSON.stringify(host), 'create')).stderr).toBe('');
    const converted = await cluster.kubectl('get', 'hosts.v2.stable.example.com', 'h', '-o', 'json');
    expect(JSON.parse(converted)).toMatchObject({ apiVersion: 'stable.example.com/v2', host: 'localhost', port: '80' });
    const changed = ['patch', 'hosts.v2.stable.example.com', 'h', '--type=merge', '-p', '{"port":"81"}'];
    await cluster.kubectl(...changed);
    const stored = await cluster.kubectl('get', 'hosts.v1.stable.example.com', 'h', '-o', 'jsonpath={.hostPort}');
    expect(stored).toBe('localhost:81');
  });

  it('E2E-62: deny, change, and are missed when their Pods are gone', async () => {
    const refused = 'denied the request: the configmap contains unwanted key and value';
    const bad = await eventually('the webhook is called', async () => {
      const tried = await feed(
        configMap('bad', { 'webhook-e2e-test': 'webhook-disallow' }),
        'create',
        '--dry-run=server',
      );
      return tried.code === 1 && tried;
    });
    expect(bad.stderr).toContain(`admission webhook "configmaps.k8s.io" ${refused}`);
    const mutated = await feed(configMap('good', { 'mutation-start': 'yes' }), 'create', '-o', 'jsonpath={.data}');
    expect(JSON.parse(mutated.stdout)).toEqual({ 'mutation-start': 'yes', 'mutation-stage-1': 'yes' });
    await cluster.kubectl('delete', 'deploy', 'webhook', '--cascade=foreground', '--timeout=20s');
    const missed = await eventually('nobody answers', async () => {
      const tried = await feed(configMap('late', {}), 'create', '--dry-run=server');
      return tried.code === 1 && tried;
    });
    expect(missed.stderr).toContain(
      'failed calling webhook "mutating-configmaps.k8s.io": failed to call webhook: Post',
    );
  });
});
