import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ComponentHealth, HEALTH_LIMITS, type HealthServer, parseHealthAddress, serveHealth } from '../src/mod.ts';

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function start(health: ComponentHealth): Promise<string> {
  server = await serveHealth({ host: '127.0.0.1', port: 0 }, health.checks);
  return `http://127.0.0.1:${server.port}`;
}

async function get(url: string, method = 'GET'): Promise<[code: number, text: string]> {
  const answer = await fetch(url, { method });
  return [answer.status, await answer.text()];
}

describe('health endpoints', () => {
  test('CMP-10: /healthz is ok once the component is on the bus and works, and says what is missing before and after', async () => {
    const health = new ComponentHealth('informers');
    const url = await start(health);
    const bus = { connected: true };
    expect(await get(`${url}/healthz`)).toEqual([
      500,
      '[+]ping ok\n[-]bus not connected yet\n[-]informers not finished\nhealthz check failed\n',
    ]);
    expect(await get(`${url}/livez`)).toEqual([200, 'ok']);
    health.connected(bus);
    health.working();
    expect(await get(`${url}/healthz`)).toEqual([200, 'ok']);
    expect(await get(`${url}/readyz?verbose`)).toEqual([
      200,
      '[+]ping ok\n[+]bus ok\n[+]informers ok\nreadyz check passed\n',
    ]);
    bus.connected = false;
    expect(await get(`${url}/readyz`)).toEqual([
      500,
      '[+]ping ok\n[-]bus connection lost\n[+]informers ok\nreadyz check failed\n',
    ]);
    expect(await get(`${url}/livez`)).toEqual([200, 'ok']);
  });

  test('CMP-10: other paths are 404, other methods 405', async () => {
    const url = await start(new ComponentHealth('informers'));
    expect(await get(`${url}/metrics`)).toEqual([404, '404 page not found\n']);
    expect(await get(`${url}/healthz`, 'POST')).toEqual([405, 'method not allowed\n']);
  });

  test('CMP-11: connections past the limit are closed at once', async () => {
    const url = new URL(await start(new ComponentHealth('informers')));
    const open = () => connect({ host: url.hostname, port: Number(url.port) });
    const sockets = Array.from({ length: HEALTH_LIMITS.connections }, open);
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const late = open();
    await new Promise((resolve) => late.once('close', resolve).once('error', () => {}));
    for (const socket of sockets) socket.destroy();
  });

  test('CMP-12: an address is HOST:PORT', () => {
    expect(parseHealthAddress('127.0.0.1:10248')).toEqual({ host: '127.0.0.1', port: 10248 });
    expect(parseHealthAddress('[::1]:0')).toEqual({ host: '::1', port: 0 });
    for (const wrong of ['10248', ':10248', 'localhost:', 'localhost:70000', '::1:80', 'a b']) {
      expect(() => parseHealthAddress(wrong), wrong).toThrow(`--health-address takes HOST:PORT, not "${wrong}"`);
    }
  });
});
