/** How many guests there may be at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuestDesk } from '../../src/guests/guest-desk.ts';
import { strategies } from '../../src/kinds/mod.ts';
import { ResourceRegistry } from '../../src/registry/resource-registry.ts';
import { Presence } from '../../src/server/presence.ts';
import { type RunningServer, runServer } from '../running-server.ts';

const HOST = { name: 'host', groups: ['system:masters'] };

describe('the guest desk', () => {
  let running: RunningServer;
  let desk: GuestDesk;
  beforeAll(async () => {
    running = await runServer();
    const { context, pipeline } = running.server;
    desk = new GuestDesk({
      server: context,
      resources: new ResourceRegistry(context.schema, strategies),
      authorizer: pipeline.options.authorizer,
      presence: new Presence(context.clock),
      most: 2,
    });
  });
  afterAll(async () => {
    desk.close();
    await running.stop();
  });
  const invite = (name: string, stayMs = 60_000): Promise<unknown> => desk.invite({ name, powers: [], stayMs }, HOST);
  const names = (): string[] => desk.list().map(({ name }) => name);

  it('WS-6: one guest too many is refused; who is there may be invited again; whose time is over makes room', async () => {
    await invite('one');
    await invite('two', 1);
    await invite('two', 1);
    await expect
      .poll(() => desk.list().every(({ expiresAt, name }) => name === 'one' || expiresAt <= Date.now()))
      .toBe(true);
    await invite('three');
    expect(names()).toEqual(['one', 'three']);
    await expect(invite('four')).rejects.toMatchObject({
      status: { code: 403, message: expect.stringContaining('there are 2 guests already') },
    });
    await invite('one');
    expect(names()).toEqual(['one', 'three']);
  });
});
