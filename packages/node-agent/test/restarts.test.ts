import type { Container, Pod, PodSpec } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { computePodActions, containerHash, type PodState, type ProbeVerdicts } from '../src/pods/pod-actions.ts';
import { restartsAfter } from '../src/pods/restart-policy.ts';
import type { ContainerRecord } from '../src/runtime/container-runtime.ts';
import { TestNode } from './support/test-node.ts';

const IMAGE = { reference: 'busybox', digestReference: 'busybox@sha256:0', sizeBytes: 1 };

const podOf = (spec: PodSpec): Pod => ({ metadata: { name: 'pod', uid: 'u' }, spec });
const one = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'busybox', ...more });
const sidecar = (name: string, more: Partial<Container> = {}): Container =>
  one(name, { restartPolicy: 'Always', ...more });
const exitCodes = (operator: string, ...values: number[]) => ({ operator, values });

/** Containers by name: `running`, or the code they ended with. */
function stateOf(
  pod: Pod,
  containers: Readonly<Record<string, 'running' | number>>,
  verdicts: Readonly<Record<string, ProbeVerdicts>> = {},
): PodState {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const records = Object.entries(containers).map(([name, state]): ContainerRecord => {
    const container = all.find((other) => other.name === name) ?? one(name);
    const base = { id: name, podUid: 'u', sandboxId: 's', name, attempt: 0, image: IMAGE, createdAt: 0 };
    const end = state === 'running' ? { state } : { state: 'exited' as const, exitCode: state };
    return { ...base, specHash: containerHash(container), ...end };
  });
  return {
    sandbox: {
      id: 's',
      podUid: 'u',
      namespace: 'default',
      name: 'pod',
      attempt: 0,
      hostname: 'pod',
      hostNetwork: false,
      processNamespace: 'container',
      hostIpc: false,
      sysctls: {},
      hostPorts: [],
      ip: '10.244.1.2',
      state: 'ready',
      createdAt: 0,
    },
    latest: (name) => records.findLast((record) => record.name === name),
    verdicts: (id) => verdicts[id] ?? {},
    isOutdated: () => false,
  };
}

function actions(...[pod, containers, verdicts]: Parameters<typeof stateOf>) {
  const { initToStart, toStart, toKill, killPod, restartAll, ephemeralToStart } = computePodActions(
    pod,
    stateOf(pod, containers, verdicts),
  );
  const names = (list: readonly Container[]): string[] => list.map(({ name }) => name);
  return {
    ...(initToStart.length > 0 ? { init: names(initToStart) } : {}),
    ...(toStart.length > 0 ? { main: names(toStart) } : {}),
    ...(ephemeralToStart.length > 0 ? { ephemeral: names(ephemeralToStart) } : {}),
    ...(toKill.length > 0 ? { kill: toKill.map(({ message }) => message) } : {}),
    ...(killPod ? { killPod } : {}),
    ...(restartAll ? { restartAll } : {}),
  };
}

describe('which containers start again', () => {
  it("NA-100: the first rule that matches the exit code counts, then the container's policy, then the Pod's", () => {
    const pod = podOf({ containers: [], restartPolicy: 'Never' });
    const rules = [{ action: 'Restart', exitCodes: exitCodes('In', 42, 43) }];
    const again = (container: Partial<Container>, code: number): boolean =>
      restartsAfter(pod, one('main', container), code);
    expect(again({}, 1)).toBe(false);
    expect(again({ restartPolicy: 'Always' }, 0)).toBe(true);
    expect([0, 1].map((code) => again({ restartPolicy: 'OnFailure' }, code))).toEqual([false, true]);
    expect([41, 42, 43].map((code) => again({ restartPolicy: 'Never', restartPolicyRules: rules }, code))).toEqual([
      false,
      true,
      true,
    ]);
    const others = [{ action: 'Restart', exitCodes: exitCodes('NotIn', 7) }];
    expect([7, 8].map((code) => again({ restartPolicy: 'Never', restartPolicyRules: others }, code))).toEqual([
      false,
      true,
    ]);
  });

  it('NA-101: a container that may run again keeps a Pod alive that restarts never', () => {
    const restarting = one('a', {
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'Restart', exitCodes: exitCodes('In', 42) }],
    });
    const pod = podOf({ restartPolicy: 'Never', containers: [restarting, one('b')] });
    expect(actions(pod, { a: 42, b: 0 })).toEqual({ main: ['a'] });
    expect(actions(pod, { a: 1, b: 0 })).toEqual({ killPod: true });
    const liveness = { a: { liveness: false }, b: { liveness: false } };
    expect(actions(pod, { a: 'running', b: 'running' }, liveness)).toEqual({
      main: ['a'],
      kill: ['Container a failed liveness probe, will be restarted', 'Container b failed liveness probe'],
    });
  });

  it('NA-102: init containers go on from the furthest that was made; sidecars before it are looked after', () => {
    const pod = podOf({
      initContainers: [sidecar('proxy'), one('first'), sidecar('log', { startupProbe: {} }), one('last')],
      containers: [one('main')],
    });
    expect(actions(pod, {})).toEqual({ init: ['proxy'] });
    expect(actions(pod, { proxy: 'running' })).toEqual({ init: ['first'] });
    expect(actions(pod, { proxy: 1, first: 'running' })).toEqual({ init: ['proxy'] });
    expect(actions(pod, { proxy: 'running', first: 0 })).toEqual({ init: ['log'] });
    expect(actions(pod, { proxy: 'running', first: 0, log: 'running' })).toEqual({});
    const started = { log: { startup: true } };
    expect(actions(pod, { proxy: 'running', first: 0, log: 'running' }, started)).toEqual({ init: ['last'] });
    expect(actions(pod, { proxy: 1, first: 0, log: 'running', last: 0 }, started)).toEqual({
      init: ['proxy'],
      main: ['main'],
    });
    expect(actions(pod, { first: 0, last: 0, main: 'running' })).toEqual({ init: ['proxy', 'log'] });
  });

  it("NA-103: a sidecar that fails its probes is killed and starts again, whatever the Pod's policy", () => {
    const pod = podOf({ restartPolicy: 'Never', initContainers: [sidecar('proxy')], containers: [one('main')] });
    expect(actions(pod, { proxy: 'running', main: 'running' }, { proxy: { liveness: false } })).toEqual({
      init: ['proxy'],
      kill: ['Init container proxy failed liveness probe'],
    });
    expect(actions(pod, { proxy: 'running' }, { proxy: { startup: false } })).toMatchObject({
      kill: ['Init container proxy failed startup probe'],
    });
  });

  it("NA-104: an init container's own rules decide whether its failure is final", () => {
    const rules = [{ action: 'Restart', exitCodes: exitCodes('In', 3) }];
    const first = one('first', { restartPolicy: 'Never', restartPolicyRules: rules });
    const pod = podOf({ restartPolicy: 'Always', initContainers: [first], containers: [one('main')] });
    expect(actions(pod, { first: 3 })).toEqual({ init: ['first'] });
    expect(actions(pod, { first: 4 })).toEqual({});
  });

  it('NA-105: an ephemeral container starts at any time, once', () => {
    const pod = podOf({
      initContainers: [one('first')],
      containers: [one('main')],
      ephemeralContainers: [one('debug')],
    });
    expect(actions(pod, { first: 'running' })).toEqual({ ephemeral: ['debug'] });
    expect(actions(pod, { first: 'running', debug: 1 })).toEqual({});
  });
});

const sh = (script: string): string[] => ['sh', '-c', script];

describe('lives of pods with rules of their own', () => {
  it('NA-106: RestartAllContainers ends everything and begins with the init containers, in the same sandbox', async () => {
    const node = await new TestNode().start();
    const restartPolicyRules = [{ action: 'RestartAllContainers', exitCodes: exitCodes('In', 42) }];
    await node.createPod({
      metadata: { name: 'pod' },
      spec: {
        restartPolicy: 'Never',
        initContainers: [one('setup', { command: sh('true') })],
        containers: [
          one('watcher', { command: sh('sleep 5; exit 42'), restartPolicy: 'Never', restartPolicyRules }),
          one('main', { command: sh('sleep 3600') }),
        ],
      },
    });
    await node.phase('pod', 'Running');
    const before = await node.pod('pod');
    const restarting = { type: 'AllContainersRestarting', status: 'False' };
    expect(before?.status?.conditions).toContainEqual(expect.objectContaining(restarting));
    const restartsOf = async (): Promise<(number | undefined)[]> => {
      const { initContainerStatuses = [], containerStatuses = [] } = (await node.pod('pod'))?.status ?? {};
      return [...initContainerStatuses, ...containerStatuses].map(({ restartCount }) => restartCount);
    };
    await node.until(async () => (await restartsOf()).every((count) => count === 1), 'everything has started again');
    const after = await node.pod('pod');
    expect(after?.status).toMatchObject({ phase: 'Running', podIP: before?.status?.podIP });
    const main = after?.status?.containerStatuses?.find(({ name }) => name === 'main');
    expect(main?.lastState?.terminated).toMatchObject({ exitCode: 137 });
    const initialized = after?.status?.conditions?.find(({ type }) => type === 'Initialized');
    expect(initialized).toMatchObject({ status: 'True' });
    node.cutPower();
  });
});
