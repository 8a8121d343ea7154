/**
 * Objects as a meta.k8s.io Table: what `kubectl get` asks for.
 */
import type { KubeObject } from '@regatta/api';
import type { Cell, Column, Printer, RowCondition } from './printer.ts';
import { printerOf } from './printers.ts';

export type TableIncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly includeObject: TableIncludeObject;
  /** Real time, ms: ages count up to it. */
  readonly now: number;
  /** `v1` or `v1beta1` of meta.k8s.io. */
  readonly version?: string;
  /** Of the list: resourceVersion, continue, remainingItemCount. */
  readonly metadata?: object;
  /** Watches tell the columns only once. */
  readonly noHeaders?: boolean;
}

export interface TableRow {
  readonly cells: readonly Cell[];
  readonly conditions?: readonly RowCondition[];
  readonly object: object | null;
}

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: object;
  readonly columnDefinitions: readonly Column[] | null;
  readonly rows: readonly TableRow[];
}

export function tableFor(printer: Printer, objects: readonly KubeObject[], options: TableOptions): Table {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version ?? 'v1'}`,
    metadata: options.metadata ?? {},
    columnDefinitions: options.noHeaders ? null : printer.columns,
    rows: objects.map((object) => row(printer, object, options)),
  };
}

/** The cells of one object. */
export function cellsOf(kind: string, object: KubeObject, now: number): Cell[] {
  return printerOf(kind).cells(object, now);
}

function row(printer: Printer, object: KubeObject, options: TableOptions): TableRow {
  const conditions = printer.conditions?.(object);
  return {
    cells: printer.cells(object, options.now),
    ...(conditions ? { conditions } : {}),
    object: rowObject(object, options),
  };
}

function rowObject(object: KubeObject, { includeObject, version = 'v1' }: TableOptions): object | null {
  if (includeObject === 'None') return null;
  if (includeObject === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
