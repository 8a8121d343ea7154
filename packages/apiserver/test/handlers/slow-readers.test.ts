import { once } from 'node:events';
import tls from 'node:tls';
import { silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpLimits } from '../../src/server/limits.ts';
import { eventually, HastyClock } from '../hasty-clock.ts';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const clock = new HastyClock([HttpLimits.stalledWatch]);
let running: RunningServer;
beforeAll(async () => {
  running = await runServer(silentLogger, async () => ({ clock }));
  await prepareNamespace(running, 'slow');
});
afterAll(() => running.stop());

const CONFIG_MAPS = '/api/v1/namespaces/slow/configmaps';

async function watching(): Promise<tls.TLSSocket> {
  const { admin, ca } = running.server.pki;
  const socket = tls.connect({
    port: running.server.port,
    host: '127.0.0.1',
    ca: ca.certificate,
    cert: admin.certificate,
    key: admin.key,
    ALPNProtocols: ['http/1.1'],
  });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  socket.write(`GET ${CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}

describe('LIM-20: watchers that do not read', () => {
  it('are cut off, without an end that could be taken for a whole answer; quiet watches stay', async () => {
    const quiet = await watching();
    let seen = '';
    quiet.on('data', (chunk: Buffer) => {
      seen = (seen + chunk.toString()).slice(-200);
    });
    const stuck = await watching();
    stuck.pause();
    const text = 'x'.repeat(1024 * 1024);
    let written = 0;
    while (clock.fired === 0) {
      const body = { metadata: { name: `large-${written++}` }, data: { text } };
      expect((await running.request('POST', CONFIG_MAPS, { body })).code).toBe(201);
    }
    let last = '';
    stuck.on('data', (chunk: Buffer) => {
      last = chunk.toString();
    });
    stuck.resume();
    await new Promise((resolve) => stuck.once('close', resolve));
    expect(last.endsWith('0\r\n\r\n')).toBe(false);
    await running.request('POST', CONFIG_MAPS, { body: { metadata: { name: 'last' } } });
    await eventually(() => seen.includes('"name":"last"') || seen.includes('}}\n'));
    expect(quiet.destroyed).toBe(false);
    quiet.destroy();
    expect(written).toBeLessThan(40);
  });
});
