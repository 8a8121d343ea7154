/**
 * The stream of a call that a service answered without accepting one: over before it began.
 */
import { BusError, type BusStream } from '../connection.ts';

/** What `open` gives when the service only replied. */
export function endedStream(): BusStream {
  return {
    frames: (async function* () {})(),
    write: () => Promise.reject(new BusError('closed', 'the service answered without a stream')),
    end: () => Promise.resolve(),
    abort: () => {},
    signal: AbortSignal.abort(),
  };
}
