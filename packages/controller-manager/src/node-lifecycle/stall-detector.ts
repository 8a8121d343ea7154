/**
 * Notices when this process did not run for a while: its event loop was busy, or it was suspended (SIGSTOP, a laptop's
 * lid). It can't have heard of anybody in that time (DESIGN 9).
 */
import { type Clock, sleep } from '@regatta/runtime';

const CHECK_MS = 250;
/** Lateness below this is ordinary jitter. */
const JITTER_MS = 150;

/** Tells of each stall how many real milliseconds it took. Ends with the signal. */
export async function detectStalls(clock: Clock, onStall: (ms: number) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const before = clock.monotonic();
    await sleep(clock, CHECK_MS, signal).catch(() => {});
    const late = clock.monotonic() - before - CHECK_MS;
    if (late > JITTER_MS && !signal.aborted) onStall(late);
  }
}
