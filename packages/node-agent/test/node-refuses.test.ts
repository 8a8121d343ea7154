import type { Pod, PodSpec } from '@regatta/api';
import { resources } from '@regatta/client';
import { afterEach, describe, expect, it } from 'vitest';
import { hostsFile } from '../src/containers/network-files.ts';
import { admitPod } from '../src/pods/pod-admission.ts';
import { sandboxConfig } from '../src/pods/sandbox-config.ts';
import { TestNode } from './support/test-node.ts';

const NODE = { metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux' } }, spec: {} };
const CLUSTER = { name: 'node-1', clusterDomain: 'cluster.local' };

const podOf = (spec: Partial<PodSpec>, name = 'pod'): Pod => ({
  metadata: { name, namespace: 'default', uid: 'u' },
  spec: { containers: [{ name: 'main', image: 'nginx' }], ...spec },
});

const nodes: TestNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.cutPower();
});

async function makeNode(): Promise<TestNode> {
  const node = await new TestNode().start();
  nodes.push(node);
  return node;
}

const refusal = (spec: Partial<PodSpec>): string | undefined => {
  const refused = admitPod(podOf(spec), [], NODE, {});
  return refused && `${refused.reason}: ${refused.message}`;
};

describe('what a node refuses', () => {
  it("NA-134: kernel parameters that are not safe, or not the Pod's own", async () => {
    const sysctls = (...names: string[]) => ({ sysctls: names.map((name) => ({ name, value: '1' })) });
    const safe = sysctls('kernel.shm_rmid_forced', 'net/ipv4/tcp_syncookies');
    expect(refusal({ securityContext: safe })).toBeUndefined();
    expect(refusal({ securityContext: sysctls('kernel.shm_rmid_forced', 'kernel.msgmax') })).toBe(
      'SysctlForbidden: forbidden sysctl: "kernel.msgmax" not allowlisted',
    );
    expect(refusal({ securityContext: safe, hostIPC: true })).toContain('not allowed with host IPC enabled');
    expect(sandboxConfig(podOf({ securityContext: safe }), 0, CLUSTER).sysctls).toEqual({
      'kernel.shm_rmid_forced': '1',
      'net.ipv4.tcp_syncookies': '1',
    });
    const node = await makeNode();
    await node.createPod({ ...podOf({ securityContext: sysctls('kernel.sem') }), metadata: { name: 'pod' } });
    await node.phase('pod', 'Failed');
    expect((await node.pod('pod'))?.status).toMatchObject({
      reason: 'SysctlForbidden',
      message: 'Pod was rejected: forbidden sysctl: "kernel.sem" not allowlisted',
    });
  });

  it('NA-135: Pods of another operating system', () => {
    expect(refusal({ os: { name: 'linux' } })).toBeUndefined();
    expect(refusal({ os: { name: 'windows' } })).toBe(
      "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
    );
    expect(refusal({ nodeSelector: { 'kubernetes.io/os': 'windows' } })).toBe(
      "PodOSSelectorNodeLabelDoesNotMatch: Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    );
  });

  it("NA-136: a RuntimeClass that is not there, or whose handler the runtime doesn't have, makes no sandbox", async () => {
    const node = await makeNode();
    const classes = node.client.resource(resources.runtimeClasses);
    await classes.create({ metadata: { name: 'kata' }, handler: 'kata' });
    await classes.create({ metadata: { name: 'usual' }, handler: 'runc' });
    for (const name of ['kata', 'usual', 'none'])
      await node.createPod({ ...podOf({ runtimeClassName: name }), metadata: { name } });
    await node.phase('usual', 'Running');
    const why = async (name: string): Promise<string[]> =>
      (await node.events(name)).map((event) => event.replace(/ x\d+$/, ''));
    expect(await why('kata')).toContain(
      'Warning FailedCreatePodSandBox Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "kata" is configured',
    );
    expect(await why('none')).toContain(
      'Warning FailedCreatePodSandBox Failed to create pod sandbox: failed to get RuntimeClass none: runtimeclasses.node.k8s.io "none" not found',
    );
    expect((await node.pod('kata'))?.status?.phase).toBe('Pending');
  });
});

describe('names of Pods', () => {
  const hostname = (spec: Partial<PodSpec>, name?: string): string =>
    sandboxConfig(podOf(spec, name), 0, CLUSTER).hostname;

  it('NA-137: hostname, setHostnameAsFQDN and hostnameOverride', () => {
    expect(hostname({})).toBe('pod');
    expect(hostname({}, `${'x'.repeat(62)}.yz`)).toBe('x'.repeat(62));
    expect(hostname({ hostname: 'db-0', subdomain: 'db' })).toBe('db-0');
    expect(hostname({ hostname: 'db-0', subdomain: 'db', setHostnameAsFQDN: true })).toBe(
      'db-0.db.default.svc.cluster.local',
    );
    expect(hostname({ hostNetwork: true, setHostnameAsFQDN: true })).toBe('node-1');
    expect(hostname({ hostnameOverride: 'db.example.com', subdomain: 'db' })).toBe('db.example.com');
    const long = 'x'.repeat(40);
    expect(() => hostname({ hostname: long, subdomain: 'db', setHostnameAsFQDN: true })).toThrow(
      `FQDN ${long}.db.default.svc.cluster.local is too long (64 characters is the max, 69 characters requested)`,
    );
    const file = hostsFile(podOf({ hostnameOverride: 'db.example.com', subdomain: 'db' }), '10.244.1.2', {
      nodeName: 'node-1',
      nodeIp: '192.168.49.2',
      clusterDomain: 'cluster.local',
      clusterDns: '10.96.0.10',
    });
    expect(file).toContain('10.244.1.2\tdb.example.com\n');
  });

  it('NA-138: namespaces of processes and IPC', () => {
    const config = (spec: Partial<PodSpec>) => sandboxConfig(podOf(spec), 0, CLUSTER);
    expect(config({})).toMatchObject({ processNamespace: 'container', hostIpc: false });
    expect(config({ shareProcessNamespace: true })).toMatchObject({ processNamespace: 'pod' });
    expect(config({ hostPID: true, hostIPC: true })).toMatchObject({ processNamespace: 'node', hostIpc: true });
  });
});
