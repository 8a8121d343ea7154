/**
 * What flow control holds, for whoever debugs it: /debug/api_priority_and_fairness/…
 * (upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol/apf_controller_debug.go).
 *
 * Queues take turns of measured time: NextDispatchR is what a queue owes, TotalWorkSum what its requests are estimated at.
 * Requests under way belong to their level, not to a queue any more: a queue has none.
 */
import type { FixedResponse } from '../server/exchange.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { textResponse } from '../server/status-response.ts';
import type { FlowControl } from './flow-control.ts';
import type { PriorityLevel } from './priority-level.ts';

const PREFIX = '/debug/api_priority_and_fairness/';
/** As Go's tabwriter is told: at least so wide, and this much between columns. */
const CELL = { width: 8, padding: 1 } as const;

/** Undefined for any other path. */
export function dumpFlow(flow: FlowControl, { path, query }: RequestInfo): FixedResponse | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  const table = tableOf(flow, path.slice(PREFIX.length), query.has('includeRequestDetails'));
  return table && textResponse(200, inTabs(table), { 'x-content-type-options': 'nosniff' });
}

function tableOf(flow: FlowControl, name: string, details: boolean): string[][] | undefined {
  switch (name) {
    case 'dump_priority_levels':
      return levels(flow);
    case 'dump_queues':
      return queues(flow);
    case 'dump_requests':
      return requests(flow, details);
    default:
      return undefined;
  }
}

function sorted({ configuration }: FlowControl): PriorityLevel[] {
  return [...configuration.levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function levels(flow: FlowControl): string[][] {
  const head = ['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'];
  const counts = ['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'];
  const rows = sorted(flow).map((level) => {
    const { dispatched, rejected, timedOut, cancelled } = level.counts;
    const now = [level.ring.length, level.isIdle, level.quiescing, level.waiting, level.executing];
    return [level.name, ...now, dispatched, rejected, timedOut, cancelled].map(String);
  });
  return [[...head, ...counts], ...rows];
}

function queues(flow: FlowControl): string[][] {
  const head = ['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'];
  const rows = sorted(flow).flatMap((level) =>
    Array.from({ length: level.queuing?.queues ?? 0 }, (_, index) => {
      const queue = level.ring.find((one) => one.index === index);
      const seats = (queue?.waiting ?? []).reduce((all, ticket) => all + ticket.seats, 0);
      const owed = `${Math.max(0, -(queue?.credit ?? 0) / 1000).toFixed(8)}ss`;
      const sums = [seats, seats, `${seats.toFixed(8)}ss`];
      return [level.name, index, queue?.waiting.length ?? 0, 0, 0, owed, ...sums].map(String);
    }),
  );
  return [[...head, 'InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'], ...rows];
}

function requests(flow: FlowControl, details: boolean): string[][] {
  const head = ['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher'];
  const more = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];
  const rows = [...flow.waiting()].flatMap(({ level, queue, tickets }) =>
    tickets.map(({ schema, distinguisher, arrived, seats, asked: { user, info } }, i) => {
      const row = [level.name, schema.name, queue.index, i, distinguisher].map(String);
      row.push(new Date(arrived).toISOString(), String(seats), '0', '0s');
      const version = info.group ? `${info.group}/${info.version}` : info.version;
      if (!details) return row;
      return [
        ...row,
        user.name,
        info.verb,
        info.path,
        info.namespace,
        info.name,
        version,
        info.resource,
        info.subresource,
      ];
    }),
  );
  const columns = [...head, 'ArriveTime', 'InitialSeats', 'FinalSeats', 'AdditionalLatency'];
  return [details ? [...columns, ...more] : columns, ...rows];
}

/** Cells end with a comma but the last; columns are as wide as their widest cell. */
function inTabs(rows: readonly string[][]): string {
  const cells = rows.map((row) => row.map((cell, i) => (i < row.length - 1 ? `${cell},` : cell)));
  const widths = (cells[0] ?? []).map((_, i) =>
    Math.max(CELL.width, ...cells.map((row) => (row[i] ?? '').length + CELL.padding)),
  );
  return cells
    .map((row) => `${row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i] ?? 0) : cell)).join('')}\n`)
    .join('');
}
