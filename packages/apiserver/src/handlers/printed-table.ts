/**
 * Tables from the printers: cells are made of the stored version, rows carry the version that was asked for.
 */
import type { Clock } from '@regatta/runtime';
import { printerOf, tableFor } from '../printers/mod.ts';
import type { TableSource } from './transforms.ts';

export function printedTables(clock: Clock): TableSource {
  return {
    table(resource, objects, include, version, metadata) {
      const options = { includeObject: include, now: clock.now(), version, metadata };
      const table = tableFor(resource.custom?.printer ?? printerOf(resource.kind), objects, options);
      if (include !== 'Object' || resource.isHub) return table;
      const rows = table.rows.map((row, i) => {
        const object = objects[i];
        return object ? { ...row, object: resource.fromHub(object) } : row;
      });
      return { ...table, rows };
    },
  };
}
