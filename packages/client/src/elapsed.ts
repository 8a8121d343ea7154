/**
 * Reading real and cluster time alike: what scales takes a ClusterClock, what must not takes a Clock.
 */
import { type Clock, ClusterClock } from '@regatta/runtime';

export type AnyClock = Clock | ClusterClock;

/** Milliseconds of that clock's own time that have gone since the instant `since` (epoch ms). */
export function elapsed(clock: AnyClock, since: number): number {
  return clock instanceof ClusterClock ? clock.elapsed(since) : clock.now() - since;
}

/** The clock that never scales. */
export function realClock(clock: AnyClock): Clock {
  return clock instanceof ClusterClock ? clock.real : clock;
}
