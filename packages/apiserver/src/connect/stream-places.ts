/**
 * How many streams (exec, attach, port-forward, followed logs, proxied requests) are open at once.
 */
import { statusErrors } from '@regatta/api';
import type { ApiCall } from '../server/api-call.ts';

const MOST_STREAMS = 8192;
const MOST_OF_ONE_USER = 1024;

export class StreamPlaces {
  readonly #byUser = new Map<string, number>();
  #open = 0;

  constructor(
    readonly most = MOST_STREAMS,
    readonly mostOfOneUser = MOST_OF_ONE_USER,
  ) {}

  /** Returns how to give the place back. @throws StatusError 429 */
  take(user: string): () => void {
    const own = this.#byUser.get(user) ?? 0;
    if (own >= this.mostOfOneUser) throw tooMany(`user ${JSON.stringify(user)} has ${own} streams open`);
    if (this.#open >= this.most) throw tooMany(`${this.#open} streams are open`);
    this.#open++;
    this.#byUser.set(user, own + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#open--;
      const left = (this.#byUser.get(user) ?? 1) - 1;
      if (left === 0) this.#byUser.delete(user);
      else this.#byUser.set(user, left);
    };
  }
}

/** The place of a request over HTTP, until its answer is sent or its caller gone. @throws StatusError 429 */
export function holdPlace(places: StreamPlaces, { user, request }: Pick<ApiCall, 'user' | 'request'>): void {
  const leave = places.take(user.name);
  request.signal.addEventListener('abort', leave, { once: true });
  if (request.signal.aborted) leave();
}

function tooMany(why: string): ReturnType<typeof statusErrors.tooManyRequests> {
  return statusErrors.tooManyRequests(`too many streams: ${why}`, 1);
}
