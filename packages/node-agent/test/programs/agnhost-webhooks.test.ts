import { afterEach, describe, expect, it } from 'vitest';
import { convert } from '../../src/images/agnhost/crd-conversion-webhook.ts';
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from '../../src/images/agnhost/localhost-certificate.ts';
import { LONGEST_REVIEW } from '../../src/images/agnhost/webhook.ts';
import {
  admitConfigMaps,
  admitDefinition,
  admitPods,
  denyAttachment,
  mutateConfigMaps,
  mutatePods,
  mutatePodsSidecar,
  type Review,
  type ReviewRequest,
  type Verdict,
} from '../../src/images/agnhost/webhook-reviews.ts';
import { directoryNode, fileNode, placeNode } from '../../src/runtime/filesystem/nodes.ts';
import { TestContainers } from '../support/test-container.ts';

const LABEL = { 'webhook-e2e-test': 'webhook-disallow' };

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function start(command: string, certificate = LOCALHOST_CERTIFICATE) {
  const containers = new TestContainers();
  const source = directoryNode(0o755, 0);
  placeNode(source, 'tls.crt', fileNode(certificate, 0o644, 0));
  placeNode(source, 'tls.key', fileNode(LOCALHOST_KEY, 0o600, 0));
  const container = await containers.start('registry.k8s.io/e2e-test-images/agnhost:2.57', {
    args: [command, '--tls-cert-file=/certs/tls.crt', '--tls-private-key-file', '/certs/tls.key', '-v=4'],
    mounts: [{ containerPath: '/certs', source, readOnly: true }],
  });
  ends.push(() => containers.runtime.stopContainer(container.id, 0));
  const post = async (path: string, body: object | string, type = 'application/json'): Promise<string> => {
    const data = typeof body === 'string' ? body : JSON.stringify(body);
    const words = ['--cacert', '/localhost.crt', '-H', `Content-Type: ${type}`, '-d', data];
    const { out, code } = await container.exec(['curl', '-s', ...words, `https://127.0.0.1${path}`]);
    return code === 0 ? out : `curl: ${code}`;
  };
  const isReady = () => expect.poll(() => post('/readyz', '')).toBe('ok');
  return { container, post, isReady };
}

const resource = (name: string, group = '') => ({ group, version: 'v1', resource: name });

describe('agnhost webhook', () => {
  it('IMG-27: answers reviews in their version, over TLS', async () => {
    const { post, isReady } = await start('webhook');
    await isReady();
    for (const apiVersion of ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']) {
      const review = { kind: 'AdmissionReview', apiVersion, request: { uid: 'u', object: { metadata: {} } } };
      const status = { metadata: {}, message: 'this webhook denies all requests' };
      expect(JSON.parse(await post('/always-deny', review))).toEqual({
        kind: 'AdmissionReview',
        apiVersion,
        response: { uid: 'u', allowed: false, status },
      });
      const { response } = JSON.parse(await post('/add-label', review));
      expect(response).toMatchObject({ uid: 'u', allowed: true, patchType: 'JSONPatch' });
      expect(JSON.parse(Buffer.from(response.patch, 'base64').toString())).toEqual([
        { op: 'add', path: '/metadata/labels', value: { 'added-label': 'yes' } },
      ]);
    }
    expect(await post('/always-deny', { kind: 'Pod', apiVersion: 'v1' })).toBe(
      'Unsupported group version kind: v1, Kind=Pod\n',
    );
    expect(await post('/always-deny', '{')).toMatch(/^Request could not be decoded: /);
    expect(await post('/always-deny', '{}', 'text/plain')).toBe('');
    const elsewhere = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: {} };
    expect(await post('/configmaps', elsewhere)).toBe('curl: 52');
  });

  it.each<[string, Review, ReviewRequest, Verdict]>([
    ['pods', admitPods, { object: {} }, { allowed: true }],
    [
      'pods',
      admitPods,
      { object: { metadata: { labels: LABEL }, spec: { containers: [{ name: 'a-webhook-disallow' }] } } },
      {
        allowed: false,
        status: { message: 'the pod contains unwanted label; the pod contains unwanted container name;' },
      },
    ],
    ['pods', mutatePods, { object: { metadata: { name: 'other' } } }, { allowed: true }],
    [
      'pods',
      denyAttachment,
      { name: 'to-be-attached-pod', subResource: 'attach', object: { stdin: true, container: 'container1' } },
      { allowed: false, status: { message: "attaching to pod 'to-be-attached-pod' is not allowed" } },
    ],
    [
      'pods',
      mutatePodsSidecar('i'),
      { object: { spec: { containers: [] } } },
      {
        allowed: true,
        patch: [
          {
            op: 'add',
            path: '/spec/containers/-',
            value: { image: 'i', name: 'webhook-added-sidecar', resources: {} },
          },
        ],
      },
    ],
    [
      'configmaps',
      admitConfigMaps,
      { operation: 'DELETE', oldObject: { data: { 'webhook-e2e-test': 'webhook-nondeletable' } } },
      {
        allowed: false,
        status: { reason: 'the configmap cannot be deleted because it contains unwanted key and value' },
      },
    ],
    [
      'configmaps',
      mutateConfigMaps,
      { object: { data: { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' } } },
      { allowed: true, patch: [{ op: 'add', path: '/data/mutation-stage-2', value: 'yes' }] },
    ],
    [
      'customresourcedefinitions',
      admitDefinition,
      { object: { metadata: { labels: LABEL } } },
      { allowed: false, status: { message: 'the crd contains unwanted label' } },
    ],
  ])('IMG-27: reviews %s (%#)', (name, review, request, verdict) => {
    const group = name === 'customresourcedefinitions' ? 'apiextensions.k8s.io' : '';
    expect(review({ resource: resource(name, group), ...request })).toEqual(verdict);
  });

  it('IMG-27: a review larger than the limit is not read', async () => {
    const { container, post, isReady } = await start('webhook');
    await isReady();
    const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request: { uid: 'u' } };
    const rest = LONGEST_REVIEW - JSON.stringify(review).length;
    const ask = async (spaces: number): Promise<boolean> => {
      const data = JSON.stringify(review) + ' '.repeat(spaces);
      const words = ['--cacert', '/localhost.crt', '-H', 'Content-Type: application/json', '--data-binary', '@-'];
      const { out } = await container.exec(['curl', '-s', ...words, 'https://127.0.0.1/always-deny'], data);
      return out.includes('denies all requests');
    };
    expect([await ask(rest), await ask(rest + 1)]).toEqual([true, false]);
    expect(await post('/readyz', '')).toBe('ok');
  });

  it('IMG-29: a certificate that cannot be used ends it with 255', async () => {
    const { container } = await start('webhook', 'no certificate');
    expect(await container.exit()).toBe(255);
    expect(container.log()).toMatch(/^F.*tls: failed to find any PEM data in certificate input$/m);
  });
});

describe('agnhost crd-conversion-webhook', () => {
  const v1 = { apiVersion: 'stable.example.com/v1', kind: 'E', hostPort: 'a:1' };
  const v2 = { apiVersion: 'stable.example.com/v2', kind: 'E', host: 'a', port: '1' };

  it('IMG-28: converts both ways, and says why it cannot', async () => {
    expect(convert(v1, v2.apiVersion)).toEqual(v2);
    expect(convert(v2, v1.apiVersion)).toEqual(v1);
    const { post, isReady } = await start('crd-conversion-webhook');
    await isReady();
    const ask = async (objects: object[]) => {
      const request = { uid: 'u', desiredAPIVersion: v2.apiVersion, objects };
      const review = { kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', request };
      return JSON.parse(await post('/crdconvert', review)).response;
    };
    expect(await ask([v1, v1])).toEqual({
      uid: 'u',
      convertedObjects: [v2, v2],
      result: { metadata: {}, status: 'Success' },
    });
    expect((await ask([{ ...v1, hostPort: 'a' }])).result).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'invalid hostPort value `a`',
    });
    expect((await ask([v2])).result.message).toBe(
      'conversion from a version to itself should not call the webhook: stable.example.com/v2',
    );
  });
});
