import { SystemClock } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { takeTurn } from '../src/supervisor/start-turn.ts';

describe.skipIf(process.platform !== 'linux')('starts on one data folder', () => {
  it('CYC-11: take turns; starts on others do not wait', async () => {
    const clock = new SystemClock();
    const order: string[] = [];
    const first = await takeTurn('/one/control.sock', clock);
    const second = takeTurn('/one/control.sock', clock).then((turn) => {
      order.push('second');
      turn.end();
    });
    (await takeTurn('/other/control.sock', clock)).end();
    order.push('first ends');
    first.end();
    await second;
    expect(order).toEqual(['first ends', 'second']);
  });
});
