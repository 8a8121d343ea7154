/**
 * How many seats a request takes (upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol/request/{width,list_work_estimator}.go).
 *
 * Upstream goes by the size of what is stored, up to what a streamed list holds in memory; here by the number of objects, a
 * kilobyte each. A write takes one seat and no more when it is done: what its watchers cost is measured where they are
 * served (LIM-5), not guessed.
 */
import { queryFlag, type RequestInfo } from '../server/request-info.ts';

const OBJECTS_PER_SEAT = 100;
const MOST_SEATS = 10;

/**
 * @param stored objects of a resource
 * @param mostSeats of one request of the level
 */
export function seatsOf(info: RequestInfo, stored: (info: RequestInfo) => number, mostSeats: number): number {
  if (info.verb !== 'list' && !(info.verb === 'watch' && queryFlag(info.query, 'sendInitialEvents'))) return 1;
  const objects = info.name === '' ? limited(info, stored(info)) : 1;
  return Math.max(1, Math.min(Math.ceil(objects / OBJECTS_PER_SEAT), mostSeats || MOST_SEATS, MOST_SEATS));
}

function limited(info: RequestInfo, stored: number): number {
  const limit = Number(info.query.get('limit'));
  return limit > 0 ? Math.min(limit, stored) : stored;
}
