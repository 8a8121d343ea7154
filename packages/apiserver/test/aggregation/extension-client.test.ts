import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { FakeClock } from '@regatta/runtime';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ExtensionClient, MAX_ANSWER, TIMEOUT } from '../../src/aggregation/extension-client.ts';
import type { ProxyTarget } from '../../src/connect/proxy/proxy-target.ts';

const USER = { name: 'system:kube-aggregator', groups: ['system:masters'] };
const MEGABYTE = 1024 * 1024;

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function listening(): Promise<ProxyTarget> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { tls: false, host: '10.96.0.9:443', connect: async () => connect(port, '127.0.0.1') };
}

describe('questions to extension servers', () => {
  it('AGG-13: an answer larger than the limit is refused', async () => {
    server = createServer((_request, response) => {
      const piece = Buffer.alloc(MEGABYTE);
      for (let size = 0; size <= MAX_ANSWER; size += MEGABYTE) response.write(piece);
      response.end();
    });
    const asked = new ExtensionClient(new FakeClock()).get(await listening(), '/apis', USER, '*/*');
    await expect(asked).rejects.toMatchObject({
      code: 'extension',
      message: `the answer of https://10.96.0.9:443/apis is larger than ${MAX_ANSWER} bytes`,
    });
  });

  it('AGG-13: who does not answer in time is given up, and the connection with it', async () => {
    const clock = new FakeClock();
    const heard = vi.fn();
    const closed = vi.fn();
    server = createServer((request) => {
      heard();
      request.socket.once('close', closed);
    });
    const asked = new ExtensionClient(clock).get(await listening(), '/apis', USER, '*/*');
    const refused = expect(asked).rejects.toMatchObject({
      message: 'Get "https://10.96.0.9:443/apis": context deadline exceeded',
    });
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
    await clock.advance(TIMEOUT);
    await refused;
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });
});
