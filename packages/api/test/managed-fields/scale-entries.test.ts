import { describe, expect, it } from 'vitest';
import { entriesAfterScale, type ManagedFieldsEntry, scaleEntries } from '../../src/mod.ts';

const REPLICAS = { 'f:spec': { 'f:replicas': {} } };
const served = (apiVersion: string) => apiVersion === 'apps/v1';
const entry = (manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Apply',
  apiVersion: 'apps/v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: fieldsV1 as Record<string, unknown>,
  ...more,
});

describe('SSA-17: owners of a Scale', () => {
  const all = entry('all', { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } });
  const other = entry('other', { 'f:spec': { 'f:paused': {} } });
  it('are those who own replicas', () => {
    expect(scaleEntries([all, other, entry('old', REPLICAS, { apiVersion: 'apps/v0' })], served)).toEqual([
      { ...all, apiVersion: 'autoscaling/v1', fieldsV1: REPLICAS },
    ]);
  });

  it('keep their entries when they keep replicas', () => {
    const entries = [all, other];
    expect(entriesAfterScale(entries, scaleEntries(entries, served), 'apps/v1', served)).toEqual([all, other]);
  });

  it('lose replicas to who applied the Scale, whose entry has no time', () => {
    const taken = entry('sc', REPLICAS, { apiVersion: 'autoscaling/v1', subresource: 'scale' });
    const { time: _, ...timeless } = taken;
    expect(entriesAfterScale([all, other], [taken], 'apps/v1', served)).toEqual([
      { ...timeless, apiVersion: 'apps/v1' },
      { ...all, fieldsV1: { 'f:spec': { 'f:paused': {} } } },
      other,
    ]);
  });
});
