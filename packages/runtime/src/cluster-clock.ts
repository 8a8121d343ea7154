/**
 * Cluster time (DESIGN 9): durations are scaled, instants are real.
 *
 * A timeline is a persisted, piecewise-linear function of real time: from each segment's start on, one real millisecond
 * is `speed` cluster milliseconds. Asking "how long since that timestamp" walks the segments, so a change of speed never
 * makes a duration jump. Worked example: speed 10 from t=0, speed 1 from t=2000; at t=5000 the cluster time gone since
 * t=1000 is 1000·10 + 3000·1 = 13000 ms.
 *
 * Invariants: segments are ordered by `from`; at most MAX_SEGMENTS are kept (the oldest changes merge into one stretch of
 * their mean speed); before the first segment its speed holds; speed 0 is a pause; a change never rewrites what has gone.
 */
import { type Clock, sleep as realSleep, type Timer } from './clock.ts';
import { SteadyInstant } from './steady-instant.ts';

export interface TimelineSegment {
  /** Real instant, milliseconds since the epoch. */
  readonly from: number;
  /** Cluster milliseconds per real millisecond; 0 pauses. */
  readonly speed: number;
}

export interface Timeline {
  readonly segments: readonly TimelineSegment[];
}

/** Also what parseTimeline accepts. */
export const MAX_SEGMENTS = 64;
export const MAX_SPEED = 1000;
/** How far apart the clocks of those who change the speed may be, milliseconds. */
const MAX_SKEW_MS = 5_000;

/** The timeline of a cluster that has always run at `speed`. */
export function constantTimeline(speed: number): Timeline {
  return { segments: [{ from: 0, speed }] };
}

/**
 * The timeline that changes to `speed` at the instant `at`. Who changes it may have a slower clock than who did before:
 * then the change counts from the last one on. Changes that lie further ahead than any skew were made before the
 * machine's clock was set back, and are dropped.
 */
export function withSpeed({ segments }: Timeline, speed: number, at: number): Timeline {
  const last = segments.at(-1)?.from ?? 0;
  const from = last - at <= MAX_SKEW_MS ? Math.max(at, last) : at;
  const kept = segments.filter((segment) => segment.from < from);
  if (kept.at(-1)?.speed === speed) return { segments: kept };
  return { segments: bounded([...kept, { from: kept.length === 0 ? 0 : from, speed }]) };
}

/** Merges the two oldest changes, so that durations that span both, or neither, stay what they were. */
function bounded(segments: readonly TimelineSegment[]): readonly TimelineSegment[] {
  const [first, second, third, fourth] = segments;
  if (segments.length <= MAX_SEGMENTS || !first || !second || !third || !fourth) return segments;
  const gone = (third.from - second.from) * second.speed + (fourth.from - third.from) * third.speed;
  const merged = { from: second.from, speed: gone / (fourth.from - second.from) };
  return [first, merged, ...segments.slice(3)];
}

/** Reads a timeline from JSON text. @throws RangeError when it is not one */
export function parseTimeline(text: string): Timeline {
  const value: unknown = JSON.parse(text);
  const segments = typeof value === 'object' && value !== null && 'segments' in value ? value.segments : undefined;
  if (
    !Array.isArray(segments) ||
    segments.length === 0 ||
    segments.length > MAX_SEGMENTS ||
    !segments.every(isSegment)
  ) {
    throw new RangeError(
      'a timeline needs 1 to 64 segments, each with a "from" in milliseconds and a "speed" of 0 to 1000',
    );
  }
  return { segments: [...segments].sort((a, b) => a.from - b.from) };
}

function isSegment(value: unknown): value is TimelineSegment {
  if (typeof value !== 'object' || value === null || !('from' in value) || !('speed' in value)) return false;
  const { from, speed } = value;
  return Number.isFinite(from) && typeof speed === 'number' && speed >= 0 && speed <= MAX_SPEED;
}

interface Armed {
  readonly start: number;
  readonly duration: number;
  readonly callback: () => void;
  timer: Timer;
}

export class ClusterClock {
  #timeline: Timeline;
  readonly #armed = new Set<Armed>();
  readonly #listeners = new Set<() => void>();
  readonly #steady: SteadyInstant;

  /** @param real the clock that cluster time is a function of */
  constructor(
    readonly real: Clock,
    timeline: Timeline = constantTimeline(1),
  ) {
    this.#timeline = timeline;
    this.#steady = new SteadyInstant(real);
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** Cluster milliseconds per real millisecond, now. 0 while paused. */
  get speed(): number {
    return this.#timeline.segments.findLast((s) => s.from <= this.now())?.speed ?? this.#first.speed;
  }

  /** Takes a new timeline and re-arms every pending timer by it. */
  apply(timeline: Timeline): void {
    this.#timeline = timeline;
    for (const armed of this.#armed) {
      armed.timer.cancel();
      this.#arm(armed);
    }
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after each change of the timeline. Returns how to stop it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Now, as a real instant in milliseconds since the epoch; in one process it never goes back. */
  now(): number {
    return this.#steady.now();
  }

  /** Cluster milliseconds that have gone between two real instants (epoch ms); negative when `since` lies ahead. */
  elapsed(since: number, until: number = this.now()): number {
    if (until < since) return -this.elapsed(until, since);
    let total = 0;
    const { segments } = this.#timeline;
    for (const [i, segment] of segments.entries()) {
      const start = i === 0 ? since : Math.max(since, segment.from);
      const end = Math.min(until, segments[i + 1]?.from ?? until);
      if (end > start) total += (end - start) * segment.speed;
    }
    return total;
  }

  /**
   * The real instant (epoch ms) at which `duration` cluster milliseconds will have gone since the instant `since`, as far
   * as the timeline is known. Infinity while the cluster is paused and the duration is not over yet.
   */
  instantAfter(since: number, duration: number): number {
    if (duration <= 0) return since;
    let left = duration;
    const { segments } = this.#timeline;
    for (const [i, segment] of segments.entries()) {
      const start = i === 0 ? since : Math.max(since, segment.from);
      const end = segments[i + 1]?.from ?? Number.POSITIVE_INFINITY;
      if (end <= start) continue;
      const needed = segment.speed === 0 ? Number.POSITIVE_INFINITY : left / segment.speed;
      if (start + needed <= end) return start + needed;
      left -= (end - start) * segment.speed;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Calls back once `duration` cluster milliseconds have gone since `since` (epoch ms, now unless told). */
  setTimer(duration: number, callback: () => void, since: number = this.now()): Timer {
    const armed: Armed = { start: since, duration, callback, timer: { cancel: () => {} } };
    this.#armed.add(armed);
    this.#arm(armed);
    return {
      cancel: () => {
        this.#armed.delete(armed);
        armed.timer.cancel();
      },
    };
  }

  /** Waits `duration` cluster milliseconds. @throws the signal's reason when it aborts first */
  sleep(duration: number, signal?: AbortSignal): Promise<void> {
    return realSleep(
      { now: () => this.now(), monotonic: () => this.real.monotonic(), setTimer: (ms, cb) => this.setTimer(ms, cb) },
      duration,
      signal,
    );
  }

  get #first(): TimelineSegment {
    return this.#timeline.segments[0] ?? { from: 0, speed: 1 };
  }

  #arm(armed: Armed): void {
    const due = this.instantAfter(armed.start, armed.duration);
    if (due === Number.POSITIVE_INFINITY) {
      armed.timer = { cancel: () => {} };
      return;
    }
    const left = due - this.now();
    // A fraction so small that no instant shows it must not be waited for again and again without time going on.
    const isOver = left > 0 || this.elapsed(armed.start) >= armed.duration;
    armed.timer = this.real.setTimer(isOver ? Math.max(0, left) : 1, () => {
      this.#armed.delete(armed);
      armed.callback();
    });
  }
}
