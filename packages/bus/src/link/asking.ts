/**
 * Calls that wait for their first answer.
 *
 * Invariant: each ends exactly once: by its answer, its timeout, its signal, or a sign that no answer can come.
 */
import type { Clock } from '@regatta/runtime';
import { BusError, type BusStream } from '../connection.ts';
import type { Channel } from './channel.ts';
import { ChannelStream } from './channel-stream.ts';
import { Flag } from './frame.ts';
import { decodeFailure } from './incoming.ts';

export interface Answer {
  readonly payload: Uint8Array;
  /** Undefined when the service replied instead of accepting a stream. */
  readonly stream: BusStream | undefined;
}

interface Question {
  readonly subject: string;
  readonly settle: (error: BusError) => void;
}

export class Asking {
  readonly #questions = new Map<Channel, Question>();

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this.#questions.size;
  }

  /** Waits for the first message of a channel that is about to be opened. @throws BusError */
  ask(channel: Channel, subject: string, timeout: number, signal: AbortSignal | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#questions.delete(channel);
      };
      const settle = (error: BusError): void => {
        done();
        reject(error);
        channel.abort(error.message);
      };
      const onAbort = (): void => settle(new BusError('aborted', 'the call was aborted', { cause: signal?.reason }));
      const timer = this.clock.setTimer(timeout, () =>
        settle(new BusError('timeout', `no answer within ${Math.round(timeout)} ms`)),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#questions.set(channel, { subject, settle });
      channel.listener = {
        onMessage: (payload, flags, cost) => {
          done();
          if (flags & Flag.failure) reject(decodeFailure(payload));
          else resolve(answerOf(channel, payload, flags, cost));
          if (!(flags & Flag.stream)) channel.close();
        },
        onEnd: () => {},
        onError: settle,
      };
    });
  }

  fail(channel: Channel, error: BusError): void {
    this.#questions.get(channel)?.settle(error);
  }

  failAll(error: BusError): void {
    for (const { settle } of [...this.#questions.values()]) settle(error);
  }

  /** The server refused a publication: calls on that subject that nobody took yet can't have been heard. */
  denied(subject: string, error: BusError): void {
    for (const [channel, question] of [...this.#questions])
      if (question.subject === subject && channel.address === undefined) question.settle(error);
  }

  /** Gives up calls that nobody showed to be working on since `before` (monotonic ms). */
  giveUpUnseen(before: number): void {
    for (const [channel, { settle }] of [...this.#questions])
      if (channel.address === undefined && channel.created < before)
        settle(new BusError('disconnected', 'no sign of whoever took the call'));
  }
}

function answerOf(channel: Channel, payload: Uint8Array, flags: number, cost: number): Answer {
  if (!(flags & Flag.stream)) return { payload, stream: undefined };
  channel.maxIncoming = channel.host.limits.maxMessage;
  const stream = new ChannelStream(channel);
  channel.taken(cost);
  return { payload, stream };
}
