/**
 * Objects and lists as clients ask for them: plain, or as tables (upstream: k8s.io/apiserver/pkg/registry/rest/table.go).
 */
import { parseFieldSelector, parseLabelSelector, statusErrors } from '@regatta/api';
import { GROUP, type Wardle, type WardleKind } from './wardle-kinds.ts';

export interface Shown {
  readonly kind: WardleKind;
  readonly version: string;
  readonly asTable: boolean;
}

const COLUMNS = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name must be unique within a namespace.',
    priority: 0,
  },
  { name: 'Created At', type: 'date', format: '', description: 'When the object was created.', priority: 0 },
];

export function wantsTable(accept: string | undefined): boolean {
  return (accept ?? '').includes('as=Table');
}

export function shownObject({ kind, version, asTable }: Shown, object: Wardle): object {
  if (asTable) return table([object], object.metadata.resourceVersion ?? '');
  const { metadata } = object;
  return { kind: kind.kind, apiVersion: `${GROUP}/${version}`, metadata, ...kind.encode(version, object) };
}

export function shownList(shown: Shown, objects: readonly Wardle[], revision: number): object {
  const resourceVersion = String(revision);
  if (shown.asTable) return table(objects, resourceVersion);
  return {
    kind: `${shown.kind.kind}List`,
    apiVersion: `${GROUP}/${shown.version}`,
    metadata: { resourceVersion },
    items: objects.map((object) => shownObject(shown, object)),
  };
}

function table(objects: readonly Wardle[], resourceVersion: string): object {
  const rows = objects.map(({ metadata }) => ({
    cells: [metadata.name, metadata.creationTimestamp],
    object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
  }));
  const head = { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion } };
  return { ...head, columnDefinitions: COLUMNS, rows };
}

const SELECTABLE = ['metadata.name', 'metadata.namespace'];

/** Whether an object is asked for. @throws StatusError 400 for a selector that can't be read */
export function selection(query: URLSearchParams): (object: Wardle) => boolean {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '');
  for (const { field } of fields.requirements) {
    if (!SELECTABLE.includes(field)) throw statusErrors.badRequest(`field label not supported: ${field}`);
  }
  return ({ metadata: { name, namespace = '', labels: own } }) =>
    labels.matches(own) && fields.matches({ 'metadata.name': name, 'metadata.namespace': namespace });
}
