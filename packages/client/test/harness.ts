/**
 * What the client's tests share: an API in memory and small makers of objects.
 */
import type { Pod } from '@regatta/api';
import { MemoryTransport, type MemoryTransportOptions } from '@regatta/client/testing';
import { FakeClock, yieldToEventLoop } from '@regatta/runtime';
import { ApiClient } from '../src/mod.ts';

export interface Harness {
  readonly clock: FakeClock;
  readonly transport: MemoryTransport;
  readonly client: ApiClient;
}

export function harness(options: Partial<MemoryTransportOptions> = {}): Harness {
  const clock = new FakeClock();
  const transport = new MemoryTransport({ clock, ...options });
  return { clock, transport, client: new ApiClient(transport, { userAgent: 'test' }) };
}

export function pod(name: string, labels: Record<string, string> = {}, nodeName?: string): Pod {
  return { metadata: { name, namespace: 'default', labels }, spec: { containers: [], nodeName } };
}

/** Turns the event loop until the condition holds. @throws Error when it does not within a bounded number of turns */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (condition()) return;
    await yieldToEventLoop();
  }
  throw new Error(`${what} did not come true`);
}
