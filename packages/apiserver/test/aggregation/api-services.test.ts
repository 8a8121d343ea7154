import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { registerBuiltIns } from '../../src/aggregation/mod.ts';
import { ResourceRegistry } from '../../src/registry/resource-registry.ts';
import { DEFINITIONS, define } from '../apiextensions/definitions.ts';
import { type RunningServer, runServer } from '../running-server.ts';
import { conditionOf, SERVICES } from './extension-server.ts';

/** A loaded machine takes its time. */
function eventually(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 10_000 });
}

interface ServiceList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
    readonly spec: { readonly groupPriorityMinimum: number; readonly versionPriority: number };
  }[];
}

const LOCAL = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };

describe('APIServices of this server', () => {
  let running: RunningServer;

  beforeAll(async () => {
    running = await runServer();
  });
  afterAll(() => running.stop());

  it('AGG-1: refuses what upstream refuses', async () => {
    const service = { name: 's', namespace: 'n' };
    const good = { group: 'a.example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, service };
    const refusal = async (name: string, spec: object): Promise<unknown> => {
      const asked = { body: { metadata: { name }, spec: { ...good, ...spec } } };
      const { message } = await running.json('POST', `${SERVICES}?dryRun=All`, asked);
      return String(message).split(' is invalid: ')[1];
    };
    expect(await refusal('v1.a.example.com', { groupPriorityMinimum: 20001, versionPriority: 1001 })).toBe(
      '[spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000, ' +
        'spec.versionPriority: Invalid value: 1001: must be positive and less than 1000]',
    );
    expect(await refusal('v2.', { group: '', version: 'v2' })).toBe(
      'spec.group: Required value: only v1 may have an empty group and it better be legacy kube',
    );
    const both = { caBundle: Buffer.from('a ca').toString('base64'), insecureSkipTLSVerify: true };
    expect(await refusal('v1.a.example.com', both)).toBe(
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    );
    expect(await refusal('v1.a.example.com', { ...both, service: null, insecureSkipTLSVerify: false })).toBe(
      'spec.caBundle: Invalid value: "4 bytes": local APIServices may not have a caBundle',
    );
    expect(await refusal('v1.a.example.com', { service: { ...service, port: 65536 } })).toBe(
      'spec.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive',
    );
  });

  it('AGG-2: every built-in version has one from the start, with the priorities of upstream', async () => {
    const { items } = (await running.json('GET', SERVICES)) as unknown as ServiceList;
    const priorities = new Map(items.map(({ metadata, spec }) => [metadata.name, spec]));
    expect(priorities.get('v1.')).toMatchObject({ groupPriorityMinimum: 18000, versionPriority: 1 });
    expect(priorities.get('v2.autoscaling')).toMatchObject({ groupPriorityMinimum: 17500, versionPriority: 30 });
    expect(priorities.has('v1.apiregistration.k8s.io')).toBe(false);
    const { groups } = (await running.json('GET', '/apis')) as unknown as {
      groups: readonly { readonly name: string; readonly versions: readonly { readonly groupVersion: string }[] }[];
    };
    const served = groups
      .filter(({ name }) => name !== 'apiregistration.k8s.io')
      .flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion.split('/').reverse().join('.')));
    expect([...priorities.keys()].sort()).toEqual(['v1.', ...served].sort());
    for (const { metadata } of items) {
      expect(metadata.labels).toEqual({ 'kube-aggregator.kubernetes.io/automanaged': 'onstart' });
    }
    expect(await conditionOf(running, 'v1.apps')).toEqual(LOCAL);
  });

  it('AGG-2: one that was deleted is made again at the next start only', async () => {
    await running.request('DELETE', `${SERVICES}/v1.batch`);
    expect((await running.request('GET', `${SERVICES}/v1.batch`)).code).toBe(404);
    expect((await running.request('GET', '/apis/batch/v1')).code).toBe(200);
    const { context } = running.server;
    await registerBuiltIns(context, new ResourceRegistry(context.schema, new Map()));
    expect(await conditionOf(running, 'v1.batch')).toEqual(LOCAL);
  });

  it('AGG-3: a definition brings one for each served version, which is kept and goes with it', async () => {
    const group = 'kept.example.com';
    await define(running, { group });
    const name = `v1.${group}`;
    await eventually(async () => expect(await conditionOf(running, name)).toEqual(LOCAL));
    const first = (await running.json('GET', `${SERVICES}/${name}`)) as { metadata: { uid: string; labels: object } };
    expect(first.metadata.labels).toEqual({ 'kube-aggregator.kubernetes.io/automanaged': 'true' });
    expect(first).toMatchObject({ spec: { groupPriorityMinimum: 1000, versionPriority: 100 } });
    await running.request('DELETE', `${SERVICES}/${name}`);
    await eventually(async () => {
      const again = (await running.json('GET', `${SERVICES}/${name}`)) as { metadata: { uid: string } };
      expect(again.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(again.metadata.uid).not.toBe(first.metadata.uid);
    });
    await running.request('DELETE', `${DEFINITIONS}/widgets.${group}`);
    await eventually(async () => expect((await running.request('GET', `${SERVICES}/${name}`)).code).toBe(404));
  });

  it('AGG-4: kubectl get apiservices shows who serves them and whether they are available', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const service = { name: 'nobody', namespace: 'default' };
    const spec = { group: 'table.example.com', version: 'v1', service, groupPriorityMinimum: 1, versionPriority: 1 };
    await running.request('POST', SERVICES, { body: { metadata: { name: 'v1.table.example.com' }, spec } });
    const cells = async (name: string): Promise<unknown[]> => {
      const { rows } = (await running.json('GET', `${SERVICES}/${name}`, { accept })) as unknown as {
        rows: readonly { readonly cells: unknown[] }[];
      };
      return rows[0]?.cells.slice(0, 3) ?? [];
    };
    expect(await cells('v1.apps')).toEqual(['v1.apps', 'Local', 'True']);
    await eventually(async () =>
      expect(await cells('v1.table.example.com')).toEqual([
        'v1.table.example.com',
        'default/nobody',
        'False (ServiceNotFound)',
      ]),
    );
    await running.request('DELETE', `${SERVICES}/v1.table.example.com`);
  });
});
