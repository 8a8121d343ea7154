/**
 * Definitions for tests, and waiting for what they define.
 */
import { expect, vi } from 'vitest';
import type { RunningServer } from '../running-server.ts';

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface DefinitionParts {
  readonly group: string;
  readonly schema?: object;
  readonly scope?: string;
  readonly names?: object;
  /** Of the only version, beside its schema. */
  readonly version?: object;
  readonly versions?: readonly object[];
  readonly spec?: object;
}

/** A definition of `widgets`. */
export function definition({ group, schema, scope, names, version, versions, spec }: DefinitionParts): object {
  const openAPIV3Schema = schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: scope ?? 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', ...names },
      versions: versions ?? [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, ...version }],
      ...spec,
    },
  };
}

/** Creates the definition; resolves when what it defines is served. Returns the path of its collection in `default`. */
export async function define(running: RunningServer, parts: DefinitionParts, version = 'v1'): Promise<string> {
  const created = await running.request('POST', DEFINITIONS, { body: definition(parts) });
  expect([created.code, created.text]).toEqual([201, expect.anything()]);
  const base = `/apis/${parts.group}/${version}`;
  await vi.waitFor(async () => expect((await running.request('GET', `${base}/widgets`)).code).toBe(200));
  return parts.scope === 'Cluster' ? `${base}/widgets` : `${base}/namespaces/default/widgets`;
}

export function widget(group: string, name: string, fields: object = {}, version = 'v1'): object {
  return { apiVersion: `${group}/${version}`, kind: 'Widget', metadata: { name }, ...fields };
}
