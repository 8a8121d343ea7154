/**
 * Rows of custom resources from the columns that their definition names
 * (upstream: k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor).
 */
import type { CustomResourceDefinitionVersion, KubeObject } from '@regatta/api';
import { type Cell, type Column, columnsOf, type Printer, since } from '../printers/mod.ts';
import { type JsonPath, JsonPathError, parseJsonPath } from './json-path.ts';

type Definition = NonNullable<CustomResourceDefinitionVersion['additionalPrinterColumns']>[number];

const CREATED: Definition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

interface CompiledColumn {
  readonly column: Column;
  readonly path: JsonPath | undefined;
}

export function customPrinter(definitions: readonly Definition[] | undefined): Printer {
  const names = columnsOf('', 'Name');
  const columns = definitions?.length ? definitions.map(compileColumn) : [ageColumn()];
  return {
    columns: [...names, ...columns.map(({ column }) => column)],
    cells: (object: KubeObject, now) => [object.metadata.name, ...columns.map((column) => cell(column, object, now))],
  };
}

function ageColumn(): CompiledColumn {
  const [created] = columnsOf('', 'Created At:date');
  const { column, path } = compileColumn(CREATED);
  return { column: { ...column, description: created?.description ?? '' }, path };
}

function compileColumn({ name, type, format, description, priority, jsonPath }: Definition): CompiledColumn {
  return {
    column: {
      name,
      type: type as Column['type'],
      format: format ?? '',
      description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority: priority ?? 0,
    },
    path: pathOf(jsonPath),
  };
}

function pathOf(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

function cell({ column, path }: CompiledColumn, object: KubeObject, now: number): Cell {
  const [value] = path?.find(object) ?? [];
  if (value === undefined || value === null) return null;
  switch (column.type) {
    case 'string':
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return dateCell(value, now);
  }
}

function dateCell(value: unknown, now: number): Cell {
  if (typeof value !== 'string') return null;
  return Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, now);
}
