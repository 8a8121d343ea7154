/**
 * Writes events behind the caller's back: what both recorders share.
 *
 * Invariants: `enqueue` never waits and never throws; at most QUEUE_LIMIT jobs are held, further ones are dropped and
 * counted; jobs of one key run in order, jobs of different keys at most LANES at once. A job that fails because no answer
 * came is tried MAX_TRIES times with back-off, real time; one that the server refuses is given up. Jobs ask for their `turn`
 * before they send something.
 */
import { type Clock, type Logger, type Random, sleep } from '@regatta/runtime';
import { isUnanswered } from '../transport/unanswered.ts';
import type { EventPace } from './event-pace.ts';

/** Upstream's maxQueuedEvents. */
const QUEUE_LIMIT = 1000;
/** Upstream's maxTriesPerEvent. */
const MAX_TRIES = 12;
const RETRY = { base: 100, max: 10_000 };
const LANES = 8;

export type WriteJob = () => Promise<void>;

export interface EventWriterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Without one, events are written as fast as they are taken. */
  readonly pace?: EventPace | undefined;
}

export class EventWriter {
  readonly #lanes: Promise<void>[] = Array.from({ length: LANES }, () => Promise.resolve());
  readonly #closed = new AbortController();
  #queued = 0;
  #dropped = 0;

  constructor(readonly options: EventWriterOptions) {}

  get dropped(): number {
    return this.#dropped;
  }

  enqueue(key: string, job: WriteJob): void {
    if (this.#queued >= QUEUE_LIMIT || this.#closed.signal.aborted) {
      this.#dropped++;
      return;
    }
    this.#queued++;
    const lane = hash(key) % LANES;
    this.#lanes[lane] = (this.#lanes[lane] ?? Promise.resolve()).then(() => this.#run(job));
  }

  /** Resolves when all that is queued now was written or given up. */
  async flush(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  /** Resolves when the pace allows one more request. @throws when the writer is closed */
  async turn(): Promise<void> {
    await this.options.pace?.turn(this.#closed.signal);
  }

  /** Gives up what waits for a retry. */
  close(): void {
    this.#closed.abort(new Error('the event recorder is closed'));
  }

  async #run(job: WriteJob): Promise<void> {
    const { clock, random, logger } = this.options;
    try {
      for (let tries = 1; ; tries++) {
        const error = await attempt(job);
        if (error === undefined) return;
        if (!isUnanswered(error)) return logger.debug('server rejected event (will not retry!)', { error });
        if (tries >= MAX_TRIES) return logger.warn('unable to write event (retry limit exceeded!)', { error });
        const delay = Math.min(RETRY.max, RETRY.base * 2 ** (tries - 1));
        await sleep(clock, delay * (0.5 + random.next()), this.#closed.signal);
      }
    } catch {
      // Closed while waiting: the event is given up.
    } finally {
      this.#queued--;
    }
  }
}

async function attempt(job: WriteJob): Promise<unknown> {
  try {
    await job();
    return undefined;
  } catch (error) {
    return error ?? new Error('failed');
  }
}

function hash(text: string): number {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (value * 31 + text.charCodeAt(i)) >>> 0;
  return value;
}
