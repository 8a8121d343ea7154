import { silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HastyClock } from '../hasty-clock.ts';
import { type RunningServer, runServer } from '../running-server.ts';

const SCHEMAS = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
const LEVELS = '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations';
const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';

interface Stored {
  metadata: { uid: string; name: string; annotations: Record<string, string> };
  spec: Record<string, unknown>;
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}

describe('objects of flow control', () => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await runServer(silentLogger, async () => ({ clock: new HastyClock([10_000]) }));
  });
  afterAll(() => running.stop());

  const get = async (path: string): Promise<Stored> => (await running.json('GET', path)) as unknown as Stored;
  const uids = async (user: string, path = '/version'): Promise<unknown[]> => {
    const { headers } = await running.request('GET', path, { headers: { 'impersonate-user': user } });
    return [headers['x-kubernetes-pf-flowschema-uid'], headers['x-kubernetes-pf-prioritylevel-uid']];
  };

  it('FC-1: are there from the first moment, and are put back or right again within a minute', async () => {
    const names = ((await running.json('GET', SCHEMAS)) as unknown as { items: Stored[] }).items.map(
      (i) => i.metadata.name,
    );
    expect(names).toHaveLength(13);
    expect((await get(`${LEVELS}/exempt`)).metadata.annotations).toEqual({ [AUTO_UPDATE]: 'true' });
    await running.request('DELETE', `${SCHEMAS}/probes`);
    const change = (shares: number, auto: string) => ({
      type: 'application/merge-patch+json',
      body: {
        metadata: { annotations: { [AUTO_UPDATE]: auto } },
        spec: { limited: { nominalConcurrencyShares: shares } },
      },
    });
    expect((await running.request('PATCH', `${LEVELS}/system`, change(31, 'true'))).code).toBe(200);
    expect((await running.request('PATCH', `${LEVELS}/workload-low`, change(101, 'false'))).code).toBe(200);
    const left = { kind: 'FlowSchema', metadata: { name: 'left', annotations: { [AUTO_UPDATE]: 'true' } } };
    const spec = { priorityLevelConfiguration: { name: 'system' }, rules: [] };
    expect((await running.request('POST', SCHEMAS, { body: { ...left, spec } })).code).toBe(201);
    await vi.waitFor(async () => {
      expect((await running.request('GET', `${SCHEMAS}/probes`)).code).toBe(200);
      expect((await get(`${LEVELS}/system`)).spec).toMatchObject({ limited: { nominalConcurrencyShares: 30 } });
      expect((await running.request('GET', `${SCHEMAS}/left`)).code).toBe(404);
    }, 10_000);
    expect((await get(`${LEVELS}/workload-low`)).spec).toMatchObject({ limited: { nominalConcurrencyShares: 101 } });
  });

  it('FC-2, FC-9: govern at once, say whether they dangle, and are named in every answer', async () => {
    const rules = [
      {
        subjects: [{ kind: 'User', user: { name: 'noxu' } }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      },
    ];
    const spec = { matchingPrecedence: 1000, priorityLevelConfiguration: { name: 'mine' }, rules };
    const schema = (await running.json('POST', SCHEMAS, {
      body: { metadata: { name: 'mine' }, spec },
    })) as unknown as Stored;
    const dangling = async () => (await get(`${SCHEMAS}/mine`)).status?.conditions?.[0];
    await vi.waitFor(async () =>
      expect(await dangling()).toMatchObject({
        type: 'Dangling',
        status: 'True',
        reason: 'NotFound',
        message:
          'This FlowSchema references the PriorityLevelConfiguration object named "mine" but there is no such object',
      }),
    );
    const limited = { nominalConcurrencyShares: 1, limitResponse: { type: 'Reject' } };
    const level = (await running.json('POST', LEVELS, {
      body: { metadata: { name: 'mine' }, spec: { type: 'Limited', limited } },
    })) as unknown as Stored;
    await vi.waitFor(async () => expect(await dangling()).toMatchObject({ status: 'False', reason: 'Found' }));
    expect(await uids('noxu')).toEqual([schema.metadata.uid, level.metadata.uid]);
    const [other, otherLevel] = await uids('somebody');
    expect([other, otherLevel]).toEqual([
      (await get(`${SCHEMAS}/global-default`)).metadata.uid,
      (await get(`${LEVELS}/global-default`)).metadata.uid,
    ]);
    // Refused by authorization after it had its seat; not of a connection that lasts.
    expect((await uids('noxu', '/api/v1/secrets'))[0]).toBe(other);
    expect(await uids('noxu', '/api/v1/namespaces/default/pods/p/log')).toEqual([undefined, undefined]);
    const metrics = (await running.request('GET', '/metrics')).text;
    expect(metrics).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="mine"} 3\n');
    expect(metrics).toMatch(
      /apiserver_flowcontrol_dispatched_requests_total\{flow_schema="mine",priority_level="mine"\} 1\n/,
    );
  });
});
