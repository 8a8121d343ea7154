/**
 * A request that arrived on a channel, until it is answered.
 */
import type { Logger } from '@regatta/runtime';
import { BusError, type BusErrorCode, type BusStream, type IncomingCall } from '../connection.ts';
import type { Channel } from './channel.ts';
import { ChannelStream } from './channel-stream.ts';
import { Flag } from './frame.ts';

export class ChannelCall implements IncomingCall {
  readonly #channel: Channel;
  readonly #answered: () => void;
  #open = true;

  /** @param answered called once, when the call is answered or the caller is gone */
  constructor(
    channel: Channel,
    readonly subject: string,
    readonly caller: string,
    readonly request: Uint8Array,
    answered: () => void,
  ) {
    this.#channel = channel;
    this.#answered = answered;
    channel.listener = { onMessage: () => {}, onEnd: () => {}, onError: () => this.#settle() };
  }

  reply(response: Uint8Array): Promise<void> {
    return this.#finish(response, 0);
  }

  fail(message: string): Promise<void> {
    return this.failWith('remote', message);
  }

  failWith(code: BusErrorCode, message: string): Promise<void> {
    return this.#finish(encodeFailure(code, message), Flag.failure);
  }

  /** After its handler failed. A stream that was accepted is ended. */
  failUnlessAnswered(message: string): void {
    if (this.#open) void this.fail(message);
    else this.#channel.abort(message);
  }

  async accept(response: Uint8Array): Promise<BusStream> {
    this.#answerOnce();
    const stream = new ChannelStream(this.#channel);
    await this.#channel.send(response, Flag.stream);
    return stream;
  }

  async #finish(response: Uint8Array, flags: number): Promise<void> {
    this.#answerOnce();
    try {
      await this.#channel.send(response, flags);
    } catch (error) {
      // A caller that is gone needs no answer.
      if (!(error instanceof BusError)) throw error;
    }
    this.#channel.close();
  }

  #answerOnce(): void {
    if (!this.#open && !this.#channel.isClosed) throw new Error('a call is answered once');
    this.#settle();
  }

  #settle(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#answered();
  }
}

/** Whatever a caller sends, it gets an answer, and holds no place among the calls in progress. */
export function runHandler(handler: (call: IncomingCall) => unknown, call: ChannelCall, logger: Logger): void {
  const failed = (error: unknown): void => {
    logger.warn('a bus service failed', { subject: call.subject, caller: call.caller, error });
    call.failUnlessAnswered('internal error');
  };
  try {
    const done = handler(call);
    if (done instanceof Promise) done.catch(failed);
  } catch (error) {
    failed(error);
  }
}

export function encodeFailure(code: BusErrorCode, message: string): Uint8Array {
  return new TextEncoder().encode(`${code}\n${message}`);
}

const REMOTE_CODES: readonly BusErrorCode[] = ['remote', 'overloaded', 'too-large'];

export function decodeFailure(bytes: Uint8Array): BusError {
  const [first = '', ...rest] = new TextDecoder().decode(bytes).split('\n');
  const code = REMOTE_CODES.find((known) => known === first) ?? 'remote';
  return new BusError(code, rest.join('\n'));
}
