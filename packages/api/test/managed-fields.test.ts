import { describe, expect, it } from 'vitest';
import { DecodeReport, type ManagedFieldsEntry, managerName, Schema, trackUpdate } from '../src/mod.ts';

const schema = Schema.load();
const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';
const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
const decode = (typeId: string, value: unknown) => schema.decoder(typeId).decode(value, new DecodeReport());

const deployment = (changes: object = {}) =>
  decode(DEPLOYMENT, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'n', labels: { app: 'd' } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'd' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      template: {
        metadata: { labels: { app: 'd' } },
        spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
      },
      ...changes,
    },
  });

const track = (
  typeId: string,
  manager: string,
  live: object | undefined,
  object: object,
  now = '2026-01-01T00:00:00Z',
) => trackUpdate({ schema, typeId, live, object, manager, apiVersion: 'apps/v1', now, resetFields: [['status']] });
const withFields = (object: Record<string, unknown>, managedFields: ManagedFieldsEntry[] | undefined) => ({
  ...object,
  metadata: { ...(object['metadata'] as object), managedFields },
});
const fieldsOf = (entries: ManagedFieldsEntry[] | undefined) =>
  Object.fromEntries((entries ?? []).map((e) => [e.manager, e.fieldsV1]));

describe('API-50: a create owns what it sets', () => {
  it.each(['scheduling.v1alpha2.PodGroup', 'resource.v1beta2.DeviceTaintRule', 'apps.v1.Deployment'])(
    'owns no metadata that it did not set: %s',
    (type) => {
      const id = `io.k8s.api.${type}`;
      expect(fieldsOf(track(id, 'kubectl', undefined, decode(id, { metadata: { name: 'o' } })))).toEqual({});
    },
  );

  it('is written as upstream writes it', () => {
    expect(track(DEPLOYMENT, 'kubectl', undefined, deployment())).toEqual([
      {
        manager: 'kubectl',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
            'f:template': {
              'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': {
                      '.': {},
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
                    },
                    'f:resources': {},
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });
  it('writes keys in order', () => {
    const data = { b: '1', a: '2' };
    const entries = track(CONFIG_MAP, 'm', undefined, decode(CONFIG_MAP, { metadata: { name: 'c' }, data }));
    expect(JSON.stringify(entries?.[0]?.fieldsV1)).toBe('{"f:data":{".":{},"f:a":{},"f:b":{}}}');
  });
});

describe('API-51: an update takes what it changes from others', () => {
  const first = withFields(deployment(), track(DEPLOYMENT, 'one', undefined, deployment()));
  it('moves a changed field', () => {
    const entries = track(DEPLOYMENT, 'two', first, deployment({ replicas: 2 }), '2026-01-02T00:00:00Z');
    expect(entries?.map((e) => [e.manager, e.time])).toEqual([
      ['one', '2026-01-01T00:00:00Z'],
      ['two', '2026-01-02T00:00:00Z'],
    ]);
    expect(fieldsOf(entries)['two']).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(JSON.stringify(fieldsOf(entries)['one'])).not.toContain('f:replicas');
  });
  it('nobody owns what was removed', () => {
    const entries = track(DEPLOYMENT, 'two', first, deployment({ strategy: { type: 'Recreate' } }));
    expect(fieldsOf(entries)['two']).toEqual({ 'f:spec': { 'f:strategy': { 'f:type': {} } } });
    expect(JSON.stringify(fieldsOf(entries)['one'])).not.toContain('rollingUpdate');
  });
  it('a write that changes nothing leaves the entries alone', () => {
    expect(track(DEPLOYMENT, 'two', first, deployment(), '2026-02-02T00:00:00Z')).toBe(first.metadata.managedFields);
  });
  it('a manager has one entry, its time that of its last change', () => {
    const entries = track(DEPLOYMENT, 'one', first, deployment({ replicas: 3 }), '2026-01-03T00:00:00Z');
    expect(entries).toHaveLength(1);
    expect(entries?.[0]?.time).toBe('2026-01-03T00:00:00Z');
  });
  it('one empty entry resets all', () => {
    expect(track(DEPLOYMENT, 'two', first, withFields(deployment(), [{}]))).toBeUndefined();
  });
  it('entries that can not be read change nothing, not even beside others that can', () => {
    const live = withFields(deployment(), track(DEPLOYMENT, 'a', undefined, deployment()));
    const good = { manager: 'x', operation: 'Update', apiVersion: 'apps/v1', fieldsType: 'FieldsV1' } as const;
    const bad: ManagedFieldsEntry[] = [
      { ...good, operation: 'Bogus', fieldsV1: {} },
      { ...good, apiVersion: '', fieldsV1: {} },
      { ...good, fieldsType: 'FieldsV2', fieldsV1: {} },
    ];
    for (const entry of bad) {
      const sent = withFields(deployment(), [{ ...good, fieldsV1: { 'f:spec': {} } }, entry]);
      expect(fieldsOf(track(DEPLOYMENT, 'b', live, sent))).toEqual(
        fieldsOf(track(DEPLOYMENT, 'a', undefined, deployment())),
      );
    }
    expect(track(DEPLOYMENT, 'b', live, withFields(deployment(), [good]))).toBeUndefined();
  });
  it('what a write can not set it does not own', () => {
    const object = { ...deployment(), status: { replicas: 1 } };
    expect(track(DEPLOYMENT, 'two', first, object)).toBe(first.metadata.managedFields);
  });
});

describe('API-54: an object without owners stays without', () => {
  it('is not tracked by updates, but an unsaved one is', () => {
    const stored = withFields(decode(CONFIG_MAP, { metadata: { name: 'c', uid: 'u' }, data: {} }), undefined);
    const object = decode(CONFIG_MAP, { metadata: { name: 'c', uid: 'u' }, data: { a: '1' } });
    expect(track(CONFIG_MAP, 'one', stored, object)).toBeUndefined();
    expect(track(CONFIG_MAP, 'one', undefined, object)).toHaveLength(1);
  });
});

describe('API-52: there are at most ten entries of updates', () => {
  it('the oldest are merged', () => {
    let live: ReturnType<typeof withFields> = withFields(
      decode(CONFIG_MAP, { metadata: { name: 'c' }, data: {} }),
      undefined,
    );
    for (let i = 0; i < 12; i++) {
      const data = Object.fromEntries(Array.from({ length: i + 1 }, (_, n) => [`k${n}`, '1']));
      const object = decode(CONFIG_MAP, { metadata: { name: 'c' }, data });
      const day = String(i + 1).padStart(2, '0');
      live = withFields(object, track(CONFIG_MAP, `m${i}`, live, object, `2026-01-${day}T00:00:00Z`));
    }
    const entries = live.metadata.managedFields ?? [];
    expect(entries).toHaveLength(10);
    expect(entries[0]).toMatchObject({
      manager: 'ancient-changes',
      fieldsV1: { 'f:data': { 'f:k0': {}, 'f:k1': {}, 'f:k2': {} } },
    });
  });
});

describe('API-53: the manager is told or taken from the user agent', () => {
  it.each([
    ['given', 'kubectl/v1.35', 'given'],
    [undefined, 'kubectl/v1.35 (linux/amd64)', 'kubectl'],
    [undefined, '', 'unknown'],
    [undefined, `${'x'.repeat(200)}/1`, 'x'.repeat(128)],
  ])('%s %s', (fieldManager, agent, want) => expect(managerName(fieldManager, agent)).toBe(want));
});
