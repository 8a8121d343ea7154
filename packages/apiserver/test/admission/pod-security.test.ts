import type { Container, Pod, PodSpec } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PodSecurity } from '../../src/admission/plugins/pod-security.ts';
import { violationsOf } from '../../src/admission/pod-security/evaluate.ts';
import { levelText, policyOf } from '../../src/admission/pod-security/policy.ts';
import { NAMESPACES, PODS } from '../../src/auth/resource-refs.ts';
import { cleanUp, openServer, put, type TestServer } from '../auth/fixture.ts';
import { attributesOf, type Write } from './fixture.ts';

const PREFIX = 'pod-security.kubernetes.io/';
const labels = (of: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [`${PREFIX}${key}`, value]));
const container = (more: Partial<Container> = {}): Container => ({ name: 'c', image: 'nginx:1.27', ...more });
const pod = (spec: Partial<PodSpec> = {}, name = 'p'): Pod => ({
  metadata: { name, namespace: 'a' },
  spec: { containers: [container()], ...spec },
});
const GOOD: Partial<PodSpec> = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } })],
};

/** What a fresh Pod lacks, as a real kube-apiserver told it. */
const LACKS =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

describe('PodSecurity', () => {
  let server: TestServer;
  let plugin: PodSecurity;
  beforeEach(async () => {
    server = await openServer();
    plugin = new PodSecurity(server);
  });
  afterEach(cleanUp);

  const namespace = (of: Record<string, string>): Promise<unknown> =>
    put(server, NAMESPACES, { metadata: { name: 'a', labels: labels(of) }, spec: {} });
  const ask = (write: Write): string[] => {
    const warnings: string[] = [];
    const attributes = { ...attributesOf({ namespace: 'a', ...write }), warn: (text: string) => warnings.push(text) };
    if (plugin.handles(attributes)) plugin.validate(attributes);
    return warnings;
  };

  it("ADM-18: refuses what the namespace's level forbids, in upstream's words", async () => {
    await namespace({ enforce: 'restricted' });
    expect(() => ask({ what: 'CREATE pods', object: pod() })).toThrow(
      `pods "p" is forbidden: violates PodSecurity "restricted:latest": ${LACKS}`,
    );
    expect(() => ask({ what: 'CREATE pods', object: pod({ hostNetwork: true }) })).toThrow(
      `pods "p" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true), ${LACKS}`,
    );
    expect(ask({ what: 'CREATE pods', object: pod(GOOD) })).toEqual([]);
  });

  it('ADM-18: warns, of Pods and of what makes Pods', async () => {
    await namespace({ warn: 'restricted' });
    const warning = `would violate PodSecurity "restricted:latest": ${LACKS}`;
    expect(ask({ what: 'CREATE pods', object: pod() })).toEqual([warning]);
    const workload = { metadata: { name: 'd', namespace: 'a' }, spec: { template: pod() } };
    expect(ask({ what: 'CREATE deployments.apps', object: workload })).toEqual([warning]);
    const cron = { ...workload, spec: { jobTemplate: { spec: { template: pod() } } } };
    expect(ask({ what: 'UPDATE cronjobs.batch', object: cron })).toEqual([warning]);
  });

  it('ADM-18: an update that changes nothing of it, a status and other namespaces are left alone', async () => {
    await put(server, PODS, pod());
    await namespace({ enforce: 'restricted' });
    expect(ask({ what: 'UPDATE pods', object: pod(), oldObject: pod() })).toEqual([]);
    expect(ask({ what: 'UPDATE pods/status', object: pod() })).toEqual([]);
    expect(ask({ what: 'CREATE pods', namespace: 'b', object: pod() })).toEqual([]);
    const other = pod({ containers: [container({ image: 'other' })] });
    expect(() => ask({ what: 'UPDATE pods', object: other, oldObject: pod() })).toThrow('violates PodSecurity');
  });

  it('ADM-19: a namespace that becomes stricter is told which Pods it would not let in', async () => {
    await put(server, PODS, pod({}, 'one'));
    await put(server, PODS, pod({}, 'two'));
    await put(server, PODS, pod({ hostPID: true }, 'three'));
    await put(server, PODS, pod(GOOD, 'good'));
    const object = { metadata: { name: 'a', labels: labels({ enforce: 'restricted' }) } };
    const write = { what: 'UPDATE namespaces', name: 'a', oldObject: { metadata: { name: 'a' } }, object };
    const short = 'allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile';
    expect(ask(write)).toEqual([
      'existing pods in namespace "a" violate the new PodSecurity enforce level "restricted:latest"',
      `one (and 1 other pod): ${short}`,
      `three: host namespaces, ${short}`,
    ]);
    expect(ask({ ...write, oldObject: object })).toEqual([]);
  });

  it('ADM-19: labels that make no sense are refused', () => {
    const object = { metadata: { name: 'a', labels: labels({ enforce: 'strict', 'warn-version': 'v2.0' }) } };
    expect(() => ask({ what: 'CREATE namespaces', name: 'a', object })).toThrow(
      'Namespace "a" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "v2.0": must be "latest" or "v1.x"]',
    );
  });
});

describe('levels', () => {
  it('ADM-20: audit and warn follow what is enforced unless they say something themselves', () => {
    const told = (of: Record<string, string>): string[] => Object.values(policyOf(labels(of)).policy).map(levelText);
    expect(told({})).toEqual(['privileged:latest', 'privileged:latest', 'privileged:latest']);
    expect(told({ enforce: 'baseline', 'enforce-version': 'v1.30' })).toEqual(Array(3).fill('baseline:v1.30'));
    expect(told({ enforce: 'baseline', warn: 'privileged' })[2]).toBe('privileged:latest');
    expect(told({ enforce: 'odd', audit: 'odd' })).toEqual([
      'restricted:latest',
      'privileged:latest',
      'privileged:latest',
    ]);
  });

  const secured = (securityContext: Container['securityContext'], name = 'c'): Partial<PodSpec> => ({
    containers: [container({ name, securityContext })],
  });
  it.each<[string, Partial<PodSpec>, string]>([
    ['privileged', secured({ privileged: true }), 'container "c" must not set securityContext.privileged=true'],
    [
      'non-default capabilities',
      secured({ capabilities: { add: ['SYS_ADMIN', 'KILL', 'BPF'] } }),
      'container "c" must not include "BPF", "SYS_ADMIN" in securityContext.capabilities.add',
    ],
    [
      'hostPath volumes',
      {
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'w', hostPath: { path: '/' } },
        ],
      },
      'volumes "v", "w"',
    ],
    [
      'hostPort',
      { containers: [container({ ports: [{ containerPort: 1, hostPort: 80 }] })] },
      'container "c" uses hostPort 80',
    ],
    ['host namespaces', { hostPID: true, hostIPC: true }, 'hostPID=true, hostIPC=true'],
    [
      'probe or lifecycle host',
      { containers: [container({ livenessProbe: { httpGet: { port: 1, host: '8.8.8.8' } } })] },
      'container "c" uses probe or lifecycle host "8.8.8.8"',
    ],
    [
      'procMount',
      secured({ procMount: 'Unmasked' }),
      'container "c" must not set securityContext.procMount to "Unmasked"',
    ],
    [
      'seLinuxOptions',
      { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } },
      'pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set',
    ],
    [
      'seccompProfile',
      {
        securityContext: { seccompProfile: { type: 'Unconfined' } },
        ...secured({ seccompProfile: { type: 'Unconfined' } }),
      },
      'pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined"',
    ],
    ['forbidden sysctls', { securityContext: { sysctls: [{ name: 'kernel.sem', value: '1' }] } }, 'kernel.sem'],
    [
      'hostProcess',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'pod must not set securityContext.windowsOptions.hostProcess=true',
    ],
    [
      'forbidden AppArmor profile',
      secured({ appArmorProfile: { type: 'Unconfined' } }),
      'container "c" must not set AppArmor profile type to "Unconfined"',
    ],
  ])('ADM-21: baseline forbids: %s', (reason, spec, detail) => {
    expect(violationsOf({ level: 'baseline', minor: undefined }, pod(spec))).toEqual([{ reason, detail }]);
  });

  it.each<[string, Partial<PodSpec>, string]>([
    ['runAsUser=0', { securityContext: { ...GOOD.securityContext, runAsUser: 0 } }, 'pod must not set runAsUser=0'],
    [
      'restricted volume types',
      { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
      'volume "v" uses restricted volume type "hostPath"',
    ],
    [
      'unrestricted capabilities',
      secured({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['CHOWN'] } }),
      'container "c" must not include "CHOWN" in securityContext.capabilities.add',
    ],
    [
      'runAsNonRoot != true',
      { securityContext: { ...GOOD.securityContext, runAsNonRoot: false } },
      'pod must not set securityContext.runAsNonRoot=false',
    ],
  ])('ADM-21: restricted forbids: %s', (reason, spec, detail) => {
    const object = pod({ ...GOOD, ...spec });
    expect(violationsOf({ level: 'restricted', minor: undefined }, object)).toEqual([{ reason, detail }]);
  });

  it('ADM-21: older versions have the rules of their time', () => {
    const sysctl = pod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } });
    expect(violationsOf({ level: 'baseline', minor: 31 }, sysctl)).toHaveLength(1);
    expect(violationsOf({ level: 'baseline', minor: 32 }, sysctl)).toHaveLength(0);
    const windows = pod({ os: { name: 'windows' } });
    expect(violationsOf({ level: 'restricted', minor: 24 }, windows).map(({ reason }) => reason)).toContain(
      'seccompProfile',
    );
    expect(violationsOf({ level: 'restricted', minor: 25 }, windows).map(({ reason }) => reason)).toEqual([
      'runAsNonRoot != true',
    ]);
  });
});
