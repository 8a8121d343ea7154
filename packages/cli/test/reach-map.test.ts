import type { FaultView } from '@regatta/bus';
import { describe, expect, it } from 'vitest';
import { reachMap } from '../src/commands/reach-map.ts';

const fault = (on: string, peers: readonly string[], more: Partial<FaultView> = {}): FaultView => ({
  id: 'f',
  on,
  peers,
  direction: 'both',
  effect: { drop: 1 },
  leftMs: 1000,
  ...more,
});

describe('reach map', () => {
  it('FLT-55: a row sends, a column receives', () => {
    const drawn = reachMap(['apiserver', 'node-1', 'node-2', 'node-3'], {
      faults: [
        fault('node-1', []),
        fault('node-2', ['apiserver'], { direction: 'out' }),
        fault('node-2', ['node-3'], { direction: 'in', effect: { delay: { ms: 200 } } }),
      ],
      frozen: [{ name: 'node-3', leftMs: 1000 }],
      silent: [],
    });
    expect(drawn).toBe(
      [
        'What a row sends to a column: . arrives, x lost, # frozen.',
        '           apiserver  node-1  node-2  node-3',
        'apiserver               x       .       #',
        'node-1         x                x       x',
        'node-2         x        x               #',
        'node-3         #        x       #',
      ].join('\n'),
    );
  });

  it('FLT-55: nothing passes a frozen broker', () => {
    const list = { faults: [], frozen: [{ name: 'broker', leftMs: 1000 }], silent: ['broker'] };
    expect(reachMap(['apiserver', 'node-1'], list)).toMatch(/apiserver\s+#\nnode-1\s+#$/);
  });

  it('FLT-55: damaged links say how', () => {
    const drawn = reachMap(['node-1', 'node-2'], {
      faults: [fault('node-1', ['node-2'], { effect: { delay: { ms: 200, jitterMs: 50 } } })],
      frozen: [],
      silent: [],
    });
    expect(drawn).toContain('. arrives, ~ 200ms to 250ms later.');
    expect(drawn).toMatch(/node-1\s+~\nnode-2\s+~$/);
  });
});
