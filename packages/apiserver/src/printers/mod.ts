export { humanDuration, since } from './human-duration.ts';
export { type Cell, type Column, columnsOf, type Printer, type RowCondition } from './printer.ts';
export { printerOf } from './printers.ts';
export { cellsOf, type Table, type TableIncludeObject, type TableOptions, type TableRow, tableFor } from './table.ts';
