import type { BusStream } from '@regatta/bus';

/** Both ends of a stream of the bus; an end that aborts makes the other's reads fail. */
export function streamPair(): readonly [BusStream, BusStream] {
  const queues: [(Uint8Array | undefined)[], (Uint8Array | undefined)[]] = [[], []];
  const aborts = [new AbortController(), new AbortController()] as const;
  const wake = new EventTarget();
  const end = (own: 0 | 1): BusStream => {
    const far = own === 0 ? 1 : 0;
    const frames = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        if (aborts[own].signal.aborted) throw new Error('aborted');
        if (queues[own].length === 0)
          await new Promise((resolve) => wake.addEventListener('x', resolve, { once: true }));
        else {
          const frame = queues[own].shift();
          if (frame === undefined) return;
          yield frame;
        }
      }
    };
    const give = async (frame: Uint8Array | undefined): Promise<void> => {
      queues[far].push(frame);
      wake.dispatchEvent(new Event('x'));
    };
    return {
      frames: frames(),
      write: give,
      end: () => give(undefined),
      abort: () => {
        for (const controller of aborts) controller.abort();
        wake.dispatchEvent(new Event('x'));
      },
      signal: aborts[own].signal,
    };
  };
  return [end(0), end(1)];
}
