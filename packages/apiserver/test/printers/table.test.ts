import fs from 'node:fs';
import type { KubeObject } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { humanDuration } from '../../src/printers/human-duration.ts';
import { printerOf } from '../../src/printers/printers.ts';
import { cellsOf, tableFor } from '../../src/printers/table.ts';

interface Case {
  kind: string;
  name: string;
  spec?: object;
  status?: object;
  deleted?: boolean;
  object?: KubeObject;
  cells: Record<string, unknown>;
}
const cases: Case[] = JSON.parse(fs.readFileSync(new URL('../fixtures/table-cells.json', import.meta.url), 'utf8'));
const NOW = Date.parse('2026-11-21T04:00:00Z');
const CREATED = '2026-11-21T02:41:27Z';

const specOf = (object: object): object => ('spec' in object && typeof object.spec === 'object' && object.spec) || {};

function objectOf(c: Case): KubeObject {
  const base = (c.object ?? { metadata: { name: c.name }, spec: c.spec, status: c.status }) as KubeObject;
  const deletion = c.deleted ? { deletionTimestamp: '2026-11-21T02:41:30Z' } : {};
  const clusterIP = c.cells['Cluster-IP'];
  // Allocated addresses are left out of the recorded objects.
  if (typeof clusterIP === 'string' && clusterIP !== '<none>')
    Object.assign(base, { spec: { ...specOf(base), clusterIP } });
  return { ...base, metadata: { ...base.metadata, creationTimestamp: CREATED, ...deletion } };
}

/** Ages are masked in the recorded cells; uids and node ports in the recorded objects. */
function masked(column: string, cell: unknown): unknown {
  if (column === 'Age') return '<age>';
  if (typeof cell !== 'string') return cell;
  if (column === 'Port(s)') return cell.replace(/:\d+/g, '');
  return cell.replace(/\([^)]+ ago\)/, '(<age> ago)').replace(/(controller-uid=).*/, '$1<uid>');
}

const maskAll = (cells: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, masked(name, cell)]));

describe('API-30: tables have the columns and cells of kube-apiserver', () => {
  it.each(cases.map((c) => [c.kind, c.name, c] as const))('%s %s', (kind, _name, c) => {
    const names = printerOf(kind).columns.map((column) => column.name);
    const cells = cellsOf(kind, objectOf(c), NOW);
    expect(cells).toHaveLength(names.length);
    expect(maskAll(Object.fromEntries(names.map((name, i) => [name, cells[i]])))).toEqual(maskAll(c.cells));
  });
});

describe('API-30: kinds that the recording lacks', () => {
  it.each([
    [{ status: 'True', message: 'ok' }, ['etcd-0', 'Healthy', 'ok', '']],
    [{ status: 'False', message: '', error: 'refused' }, ['etcd-0', 'Unhealthy', '', 'refused']],
  ])('ComponentStatus %j', (condition, cells) => {
    const object = { metadata: { name: 'etcd-0' }, conditions: [{ type: 'Healthy', ...condition }] } as KubeObject;
    expect(printerOf('ComponentStatus').columns.map(({ name }) => name)).toEqual([
      'Name',
      'Status',
      'Message',
      'Error',
    ]);
    expect(cellsOf('ComponentStatus', object, NOW)).toEqual(cells);
  });
});

describe('API-31: a row carries the object, its metadata or nothing', () => {
  const pod = objectOf({
    kind: 'Pod',
    name: 'a',
    spec: { containers: [{ name: 'c' }] },
    status: { phase: 'Failed' },
    cells: {},
  });
  it('says what a Pod ended as', () => {
    const table = tableFor(printerOf('Pod'), [pod], {
      includeObject: 'Metadata',
      now: NOW,
      metadata: { resourceVersion: '7' },
    });
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '7' } });
    expect(table.columnDefinitions?.map((c) => c.priority)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(table.rows).toEqual([
      {
        cells: ['a', '0/1', 'Failed', '0', '78m', '<none>', '<none>', '<none>', '<none>'],
        conditions: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: pod.metadata },
      },
    ]);
  });
  it('leaves out what is not wanted', () => {
    const table = tableFor(printerOf('Pod'), [pod], { includeObject: 'None', now: NOW, noHeaders: true });
    expect([table.rows[0]?.object, table.columnDefinitions]).toEqual([null, null]);
    expect(tableFor(printerOf('Pod'), [pod], { includeObject: 'Object', now: NOW }).rows[0]?.object).toBe(pod);
  });
});

describe('API-30: rows of kinds that nobody recorded', () => {
  const metadata = { name: 'a', creationTimestamp: CREATED };
  const server = (id: string) => ({ apiServerID: id, encodingVersion: 'v1', decodableVersions: ['v1'] });

  it('storage versions by server, three at most', () => {
    const status = { commonEncodingVersion: 'v1', storageVersions: ['a', 'b', 'c', 'd'].map(server) };
    expect(cellsOf('StorageVersion', { metadata, status } as KubeObject, NOW)).toEqual([
      'a',
      'v1',
      'a=v1,b=v1,c=v1 + 1 more...',
      '78m',
    ]);
    expect(cellsOf('StorageVersion', { metadata }, NOW)).toEqual(['a', '<unset>', '', '78m']);
  });

  it('certificate requests of Pods, and what became of them', () => {
    const spec = { podName: 'p', serviceAccountName: 's', nodeName: 'n', signerName: 'x/y' };
    const status = { conditions: [{ type: 'Issued', status: 'True' }] };
    const cells = (object: object) =>
      cellsOf('PodCertificateRequest', { metadata, spec, ...object } as KubeObject, NOW);
    expect(cells({})).toEqual(['a', 'p', 's', 'n', 'x/y', 'Pending', '<none>']);
    expect(cells({ status })).toEqual(['a', 'p', 's', 'n', 'x/y', 'Issued', '<none>']);
  });

  it('columns that hold names say so', () => {
    const names = (kind: string) =>
      printerOf(kind)
        .columns.filter(({ format }) => format === 'name')
        .map(({ name }) => name);
    expect([names('VolumeAttachment'), names('Event')]).toEqual([['Name', 'Attacher'], ['Name']]);
  });
});

describe('API-32: ages are told in at most two units', () => {
  const m = 60;
  const h = 60 * m;
  const d = 24 * h;
  it.each([
    [-2, '<invalid>'],
    [-1, '0s'],
    [0, '0s'],
    [119, '119s'],
    [2 * m, '2m'],
    [9 * m + 59, '9m59s'],
    [10 * m + 5, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [7 * h + 5 * m, '7h5m'],
    [47 * h, '47h'],
    [2 * d + 3 * h, '2d3h'],
    [8 * d + 3 * h, '8d'],
    [729 * d, '729d'],
    [2 * 365 * d + d, '2y1d'],
    [9 * 365 * d, '9y'],
  ])('%d s', (seconds, text) => expect(humanDuration(seconds * 1000)).toBe(text));
});
