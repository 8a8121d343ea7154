/**
 * What prints a kind: its columns and the cells of an object (upstream: pkg/printers/internalversion/printers.go).
 */
import type { KubeObject } from '@regatta/api';
import descriptions from './column-descriptions.json' with { type: 'json' };

export type Cell = string | number | boolean | null | undefined;

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name` for the column that names the object. */
  readonly format: string;
  readonly description: string;
  /** Above 0: only in wide output. */
  readonly priority: number;
}

export interface RowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface Printer<T extends KubeObject = KubeObject> {
  readonly columns: readonly Column[];
  /** One cell for each column. @param now real time, ms */
  cells(object: T, now: number): Cell[];
  /** Conditions of the row: what has ended. */
  conditions?(object: T): readonly RowCondition[] | undefined;
}

const DESCRIPTIONS: Readonly<Record<string, string>> = descriptions;

/**
 * Columns in shorthand: `Name` is the object's name, `Desired:integer` has a type, `Attacher:name` holds a name, `IP*` is for wide output only.
 * Descriptions are known for few; they are upstream's.
 */
export function columnsOf(kind: string, ...specs: readonly string[]): Column[] {
  return specs.map((spec) => {
    const wide = spec.endsWith('*');
    const [name = '', type = 'string'] = (wide ? spec.slice(0, -1) : spec).split(':');
    const isName = name === 'Name' || type === 'name';
    return {
      name,
      type: isName ? 'string' : (type as Column['type']),
      format: isName ? 'name' : '',
      description: DESCRIPTIONS[`${kind}.${name}`] ?? DESCRIPTIONS[name] ?? '',
      priority: wide ? 1 : 0,
    };
  });
}

export function printer<T extends KubeObject>(
  kind: string,
  columns: readonly string[],
  cells: (object: T, now: number) => Cell[],
): Printer<T> {
  return { columns: columnsOf(kind, ...columns), cells };
}
