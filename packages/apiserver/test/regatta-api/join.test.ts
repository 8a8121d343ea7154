/**
 * Machines that join over HTTPS: who may, what they get, and whose a name is.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBusAccount, readBusTrust } from '@regatta/bus';
import { silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JoinAnswer } from '../../src/regatta-api/join.ts';
import { JoinTokenError, newJoinToken, readJoinToken } from '../../src/regatta-api/join-token.ts';
import { type Answer, type RunningServer, runServer } from '../running-server.ts';

const TOKEN = 'abcdef.0123456789abcdef';
let running: RunningServer;
let folder: string;

beforeAll(async () => {
  running = await runServer(silentLogger, async (dataDir) => {
    folder = dataDir;
    const busDir = join(dataDir, 'bus');
    await createBusAccount(busDir);
    return { join: { busDir, busUrl: 'nats://nats:4222', token: TOKEN } };
  });
});
afterAll(() => running.stop());

function ask(body: unknown, token = TOKEN): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  return running.request('POST', '/regatta/v1/join', { body, anonymous: true, headers });
}

async function letIn(name: string, key: string): Promise<JoinAnswer> {
  const answer = await ask({ name, key });
  expect(answer.code, answer.text).toBe(200);
  return JSON.parse(answer.text) as JoinAnswer;
}

const key = (letter: string): string => letter.repeat(64);

interface Claims {
  /** The public key. */
  readonly sub: string;
  readonly name: string;
  readonly nats: { readonly sub: { readonly allow: readonly string[] } };
}

function claimsOf({ bus }: JoinAnswer): Claims {
  const [, token = ''] = /-----BEGIN NATS USER JWT-----\s+(\S+)/.exec(bus.credentials) ?? [];
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
}

async function register(name: string, ip: string): Promise<void> {
  const body = { metadata: { name }, status: { addresses: [{ type: 'InternalIP', address: ip }] } };
  expect((await running.request('POST', '/api/v1/nodes', { body })).code).toBe(201);
}

describe('joining', () => {
  test('CMP-20: a machine with the token gets its bus identity, the bus, and a free address; asked again, the same', async () => {
    const first = await letIn('node-1', key('a'));
    expect(first).toMatchObject({ name: 'node-1', ip: '192.168.49.2', bus: { url: 'nats://nats:4222' } });
    const claims = claimsOf(first);
    expect(claims.name).toBe('system%3Anode%3Anode-1');
    expect(claims.nats.sub.allow).toContain('in.system%3Anode%3Anode-1.>');
    expect(await letIn('node-1', key('a'))).toMatchObject({ name: 'node-1', ip: '192.168.49.2' });
    expect(await letIn('node-2', key('b'))).toMatchObject({ ip: '192.168.49.3' });
  });

  test('CMP-21: without a token nobody joins, and a wrong one is 401', async () => {
    const body = { name: 'node-9', key: key('x') };
    const anonymous = await running.request('POST', '/regatta/v1/join', { body, anonymous: true });
    expect(anonymous.code).toBe(403);
    expect(JSON.parse(anonymous.text).message).toBe(
      'forbidden: User "system:anonymous" cannot post path "/regatta/v1/join"',
    );
    expect((await ask(body, 'abcdef.0123456789abcdee')).code).toBe(401);
    expect((await ask(body, newJoinToken())).code).toBe(401);
  });

  test('CMP-22: the token is good for joining alone', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const path of [
      '/api/v1/secrets',
      '/api/v1/nodes',
      '/api/v1/namespaces/kube-system/secrets/regatta-machines',
    ]) {
      expect((await running.request('GET', path, { anonymous: true, headers })).code, path).toBe(403);
    }
  });

  test('CMP-23: a newcomer with the token cannot have the name of another machine, registered or only just joined', async () => {
    const { ip } = await letIn('node-3', key('c'));
    const message =
      'Operation cannot be fulfilled on nodes "node-3": another machine has this name; delete its Node first, if that machine is gone';
    for (const when of ['before its Node is there', 'after']) {
      const refused = await ask({ name: 'node-3', key: key('z') });
      expect(refused.code, when).toBe(409);
      expect(JSON.parse(refused.text)).toMatchObject({ reason: 'Conflict', message });
      if (when !== 'after') await register('node-3', ip);
    }
    expect(await letIn('node-3', key('c'))).toMatchObject({ ip });
  });

  test('CMP-24: a Node that did not join this way keeps its name and its address', async () => {
    await register('other', '192.168.49.6');
    expect((await ask({ name: 'other', key: key('o') })).code).toBe(409);
    expect((await letIn('node-5', key('d'))).ip).toBe('192.168.49.5');
  });

  test('CMP-25: machines that join at once get different addresses', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `crowd-${i}`);
    const places = await Promise.all(names.map((name) => letIn(name, key('m') + name)));
    expect(new Set(places.map(({ ip }) => ip)).size).toBe(names.length);
  });

  test.each([
    [{ key: key('a') }, 400, 'field "name" is required'],
    [{ name: 'Node_1', key: key('a') }, 400, 'field "name": "Node_1": '],
    [{ name: '__proto__', key: key('a') }, 400, 'field "name": "__proto__": '],
    [{ name: 'n', key: 'short' }, 400, 'field "key" must have from 32 to 256 characters'],
    [{ name: 'n', key: key('a'), more: 1 }, 400, 'strict decoding error: unknown field "more"'],
    ['{', 400, ''],
  ])('CMP-26: a wrong request is refused in a sentence: %j', async (body, code, start) => {
    const answer = await ask(body);
    expect(answer.code).toBe(code);
    expect(JSON.parse(answer.text).message).toContain(start);
  });

  test('CMP-27: the keys of machines are kept as hashes', async () => {
    await letIn('node-6', key('e'));
    const kept = await running.json('GET', '/api/v1/namespaces/kube-system/secrets/regatta-machines');
    const entry = Buffer.from((kept['data'] as Record<string, string>)['node-6'] ?? '', 'base64').toString();
    expect(JSON.parse(entry)).toMatchObject({ ip: expect.stringMatching(/^192\.168\.49\./) });
    expect(entry).not.toContain(key('e'));
  });

  test('CMP-32: whoever gets the name of a machine that is gone gets a key of its own on the bus; the old one is revoked', async () => {
    const before = await letIn('gone', key('g'));
    expect(claimsOf(await letIn('gone', key('g'))).sub).toBe(claimsOf(before).sub);
    const path = '/api/v1/namespaces/kube-system/secrets/regatta-machines';
    const kept = (await running.json('GET', path)) as { data: Record<string, string> };
    const entry = JSON.parse(Buffer.from(kept.data['gone'] ?? '', 'base64').toString()) as object;
    const long = Buffer.from(JSON.stringify({ ...entry, heldUntil: 0 })).toString('base64');
    const body = { ...kept, data: { ...kept.data, gone: long } };
    expect((await running.request('PUT', path, { body })).code).toBe(200);
    const after = await letIn('gone', key('h'));
    expect(after.ip).toBe(before.ip);
    expect(claimsOf(after).sub).not.toBe(claimsOf(before).sub);
    const { accountJwt } = await readBusTrust(join(folder, 'bus'));
    expect(Buffer.from(accountJwt.split('.')[1] ?? '', 'base64url').toString()).toContain(claimsOf(before).sub);
  });

  test('CMP-28: a file that holds no token is refused', async () => {
    const file = join(folder, 'kubeconfig');
    await expect(readJoinToken(file)).rejects.toThrow(JoinTokenError);
    expect(await readFile(file, 'utf8')).toContain('Config');
    expect(newJoinToken()).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  });
});
