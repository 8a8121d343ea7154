/**
 * The table of kinds without printer columns: name and age
 * (upstream: staging/src/k8s.io/apiserver/pkg/registry/rest/table.go).
 */
import type { KubeObject } from '@regatta/api';
import { partialMetadata, type TableSource } from './transforms.ts';

const NAME_DESCRIPTION =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';
const CREATED_DESCRIPTION =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';

export const COLUMNS = [
  { name: 'Name', type: 'string', format: 'name', description: NAME_DESCRIPTION, priority: 0 },
  { name: 'Created At', type: 'date', format: '', description: CREATED_DESCRIPTION, priority: 0 },
] as const;

export const defaultTable: TableSource = {
  table: (resource, objects, include, version, metadata) => ({
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: COLUMNS,
    rows: objects.map((object) => ({
      cells: [object.metadata.name, object.metadata.creationTimestamp ?? null],
      ...rowObject(resource.fromHub(object), include, version),
    })),
  }),
};

/** What a row carries of its object. */
export function rowObject(object: KubeObject, include: string, version: string): { object: object | null } {
  if (include === 'None') return { object: null };
  return { object: include === 'Object' ? object : partialMetadata(object, version) };
}
