/** The cluster's speed over HTTPS, changed by the server's clock. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, runServer } from '../running-server.ts';

const PATH = '/regatta/v1/speed';
const CLOCK = '/api/v1/namespaces/kube-system/configmaps/regatta-clock';

describe('POST /regatta/v1/speed', () => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await runServer();
  });
  afterAll(() => running.stop());

  const change = async (body: unknown): Promise<unknown> => running.json('POST', PATH, { body });
  const segments = async (): Promise<{ from: number; speed: number }[]> => {
    const { data } = (await running.json('GET', CLOCK)) as { data: { timeline: string } };
    return (JSON.parse(data.timeline) as { segments: { from: number; speed: number }[] }).segments;
  };

  it("CLK-40: changes the speed from the server's now on, once, and says what it was", async () => {
    const before = Date.now();
    expect(await change({ speed: 10 })).toEqual({ before: 1, after: 10 });
    const [first, second, ...more] = await segments();
    expect([first, more]).toEqual([{ from: 0, speed: 1 }, []]);
    expect(second?.speed).toBe(10);
    expect(second?.from).toBeGreaterThanOrEqual(before);
    expect(second?.from).toBeLessThanOrEqual(Date.now());
    expect(await change({ speed: 10 })).toEqual({ before: 10, after: 10 });
    expect(await segments()).toHaveLength(2);
  });

  it('CLK-41: a resume goes on at the speed before the pause, also after several pauses', async () => {
    await change({ speed: 7.5 });
    expect(await change({ action: 'resume' })).toEqual({ before: 7.5, after: 7.5 });
    expect(await change({ action: 'pause' })).toEqual({ before: 7.5, after: 0 });
    expect(await change({ action: 'pause' })).toEqual({ before: 0, after: 0 });
    expect(await change({ action: 'resume' })).toEqual({ before: 0, after: 7.5 });
  });

  it('CLK-41: many changes at once are all there is to see in one order', async () => {
    const speeds = Array.from({ length: 40 }, (_, i) => i + 20);
    const changes = (await Promise.all(speeds.map((speed) => change({ speed })))) as {
      before: number;
      after: number;
    }[];
    const last = (await segments()).at(-1)?.speed ?? 0;
    const next = new Map(changes.map(({ before, after }) => [before, after]));
    let speed = 7.5;
    for (let i = 0; i < speeds.length; i++) speed = next.get(speed) ?? Number.NaN;
    expect(speed).toBe(last);
  });

  it.each([
    [{}, 'exactly one of the fields "speed" and "action" is required'],
    [{ speed: 1, action: 'pause' }, 'exactly one of the fields "speed" and "action" is required'],
    [{ speed: -1 }, 'field "speed" must be a number from 0 to 1000'],
    [{ speed: 1001 }, 'field "speed" must be a number from 0 to 1000'],
    [{ speed: 'fast' }, 'field "speed" must be a number'],
    [{ action: 'stop' }, 'field "action" must be "pause" or "resume"'],
    [{ speed: 1, until: 'noon' }, 'strict decoding error: unknown field "until"'],
  ])('CLK-42: %j is refused', async (body, message) => {
    const before = await segments();
    expect(await change(body)).toMatchObject({ kind: 'Status', code: 400, message });
    expect(await segments()).toEqual(before);
  });

  it('CLK-42: who may not change the speed is told so', async () => {
    const refused = await running.request('POST', PATH, { body: { speed: 1 }, anonymous: true });
    expect(refused.code).toBe(403);
  });
});
