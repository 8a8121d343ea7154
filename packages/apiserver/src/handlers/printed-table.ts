/**
 * Tables from the printers: cells are made of the stored version, rows carry the version that was asked for.
 */
import type { Clock } from '@regatta/runtime';
import { printerOf, tableFor } from '../printers/mod.ts';
import type { TableSource } from './transforms.ts';

export function printedTables(clock: Clock): TableSource {
  return {
    table(printed, objects, include, version, metadata) {
      const options = { includeObject: include, now: clock.now(), version, metadata };
      const table = tableFor(printed.custom?.printer ?? printerOf(printed.kind), objects, options);
      if (include !== 'Object' || printed.isHub) return table;
      const rows = table.rows.map((row, i) => {
        const object = objects[i];
        return object ? { ...row, object: printed.fromHub(object) } : row;
      });
      return { ...table, rows };
    },
  };
}
