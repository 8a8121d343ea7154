/**
 * What people do in a cluster of containers: a shell in a Pod, certificates, explanations, guests, images of their own.
 */
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../support/cluster.ts';
import { composes, NODES, Stack } from './stack.ts';

/** As docs/guides/images.md has it. */
const WITH_IMAGES = `
services:
  node-1: &images
    environment: { REGATTA_IMAGES_DIR: /images }
    volumes: ['${path.join(root, 'examples', 'images')}:/images:ro']
  node-2: *images
  node-3: *images
`;

/** A request for CN=bob, O=dev. */
const REQUEST =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIV01INENBUUF3SERFTU1Bb0dBMVVFQ2d3RFpHVjJNUXd3Q2dZRFZRUUREQU5pYjJJd1dUQVRCZ2Nx' +
  'aGtqTwpQUUlCQmdncWhrak9QUU1CQndOQ0FBUTRqemNHaGxieUJNclZzMHd4K0oyNmlaV050dExrOHBoZW5LVTROUFlnCnZkK01pY1lVSEVvTjhXemF6cm9LaGFTREFX' +
  'VHFrT052eWlGTnZsc1pxVkpIb0FBd0NnWUlLb1pJemowRUF3SUQKU0FBd1JRSWhBT01VbWs4VzlJcjVsdUJUdjcyTmlkcGJsOThCN2crSWR3cVNCVVQxejgvSEFpQjBz' +
  'UWtpOHhJNQpXMFp5Q1hNZ21aWkNYUGExdTRxWGJ2RHpndDRYMHZheDRnPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==';

const OBJECTS = `
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: bob}
spec: {request: ${REQUEST}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth]}
---
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  nodeName: node-1
  containers: [{name: box, image: debian, command: [sleep, infinity]}]
---
apiVersion: v1
kind: Pod
metadata: {name: hello}
spec:
  nodeName: node-2
  containers: [{name: hello, image: 'example/hello:1.0'}]
---
apiVersion: v1
kind: Pod
metadata: {name: counter}
spec:
  nodeName: node-3
  containers: [{name: counter, image: 'example/counter:v1'}]
`;

/** Every kind of tool has a part: the shell, tools of Regatta and of the library, archives, and the network. */
const PIPELINES: Readonly<Record<string, string>> = {
  'printf "b 2\\na 1\\nb 3\\n" | sort | awk \'{ n[$1] += $2 } END { print n["a"], n["b"] }\'': '1 5',
  'seq 1 9 | grep -v 5 | tail -n 2 | sed s/^/n/ | tr "\\n" ,': 'n8,n9,',
  'echo \'{"a": [1, 2]}\' | jq -c .a': '[1,2]',
  'echo hi | gzip | gunzip | wc -c': '3',
  'mkdir -p /tmp/d && echo x > /tmp/d/f && tar -C /tmp -cz d | tar -tz | xargs echo': 'd/ d/f',
  'find /tmp/d -type f | xargs sha256sum | cut -c 1-8': '73cb3858',
  'sleep 100 & kill $!; wait $!; echo $?': '143',
  'ps -eo pid,args | grep -c "sleep infinit[y]"': '1',
};

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.create(composes[0] ?? [], 'use', WITH_IMAGES);
  await stack.up();
  await stack.untilReady(...NODES);
  fs.writeFileSync(stack.file('objects.yaml'), OBJECTS);
  await stack.kubectl('apply', '-f', stack.file('objects.yaml'));
  await stack.kubectl('wait', '--for=condition=Ready', 'pod/box', 'pod/hello', 'pod/counter', '--timeout=60s');
});
afterAll(() => stack?.dispose());

const inBox = (script: string): Promise<string> => stack.kubectl('exec', 'box', '--', 'sh', '-c', script);

describe('a cluster of containers in use', () => {
  test.each(Object.entries(PIPELINES))('CMP-67: %s', async (script, output) => {
    expect(await inBox(script)).toBe(output);
  });

  test('CMP-68: a certificate is issued by the cluster’s authority', async () => {
    await stack.kubectl('certificate', 'approve', 'bob');
    await stack.kubectl('wait', 'csr/bob', '--for=jsonpath={.status.certificate}', '--timeout=30s');
    expect(await stack.kubectl('get', 'csr', 'bob')).toMatch(/Approved,Issued$/);
    const issued = await stack.kubectl('get', 'csr', 'bob', '-o', 'jsonpath={.status.certificate}');
    const authority = await stack.kubectl(
      ...['config', 'view', '--raw', '-o', 'jsonpath={.clusters[0].cluster.certificate-authority-data}'],
    );
    const [certificate, ca] = [issued, authority].map((text) => new X509Certificate(Buffer.from(text, 'base64')));
    expect(certificate?.subject.split('\n').sort()).toEqual(['CN=bob', 'O=dev']);
    expect(ca && certificate?.verify(ca.publicKey)).toBe(true);
  });

  test('CMP-68: `kubectl explain` describes fields', async () => {
    expect(await stack.kubectl('explain', 'pod.spec.nodeName')).toMatch(/DESCRIPTION:\n {4}\w.*node/s);
  });

  test('CMP-69: a guest joins from the host with a link, and works in a namespace of their own', async () => {
    const url = `https://127.0.0.1:${stack.port}`;
    const invited = await stack.regatta('invite', 'alice', '--url', url, '--out', stack.file('invited'));
    const link = /join '([^']+)'/.exec(invited)?.[1] ?? '';
    const alice = stack.file('alice');
    expect(await stack.join(link, alice)).toContain('at home in namespace alice');
    await stack.kubectlAs(alice, 'run', 'mine', '--image=nginx');
    await stack.kubectlAs(alice, 'wait', '--for=condition=Ready', 'pod/mine', '--timeout=60s');
    expect(await stack.kubectlAs(alice, 'exec', 'mine', '--', 'sh', '-c', 'echo $HOSTNAME | rev')).toBe('enim');
    await expect(stack.kubectlAs(alice, 'run', 'theirs', '--image=nginx', '-n', 'default')).rejects.toThrow('cannot');
    expect(await stack.regatta('feed')).toMatch(/alice +ran a command in pod mine/);
  });

  test('CMP-70: Pods run images of the mounted folder, and reach them over machines', async () => {
    const ipOf = (pod: string): Promise<string> => stack.kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.podIP}');
    expect(await inBox(`wget -qO- http://${await ipOf('hello')}:8080/ | cat`)).toBe('hello from hello');
    expect(await inBox(`nc ${await ipOf('counter')} 7000 </dev/null`)).toBe('you are visitor 1');
  });
});
