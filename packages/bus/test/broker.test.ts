import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeUser } from '@nats-io/jwt';
import { createUser, fromSeed } from '@nats-io/nkeys';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, type BrokerLimits, createBusAccount, startBroker } from '../src/mod.ts';
import { RawClient } from './raw-client.ts';
import { temporaryFolder, until } from './servers.ts';

interface Permissions {
  readonly pub?: { readonly allow?: string[]; readonly deny?: string[] };
  readonly sub?: { readonly allow?: string[]; readonly deny?: string[] };
}

describe('embedded broker', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let broker: Broker;
  let clock: FakeClock;
  const clients: RawClient[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder();
    clock = new FakeClock(1_800_000_000_000);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    await broker.close();
    expect(clock.pendingTimers).toBe(0);
    await folder.remove();
  });

  async function start(limits?: Partial<BrokerLimits>): Promise<void> {
    const trust = await createBusAccount(folder.dir);
    broker = await startBroker({ port: 0, trust, clock, logger: silentLogger, limits });
  }

  async function raw(): Promise<RawClient> {
    const client = new RawClient(broker.port);
    clients.push(client);
    await client.expect('INFO ');
    await client.expect('\r\n');
    return client;
  }

  async function credentials(client: RawClient, permissions: Permissions = {}, exp?: number): Promise<object> {
    const seeds = JSON.parse(await readFile(path.join(folder.dir, 'account.json'), 'utf8')) as { accountSeed: string };
    const account = fromSeed(new TextEncoder().encode(seeds.accountSeed));
    const key = createUser();
    const jwt = await encodeUser('test', key, account, permissions, exp === undefined ? {} : { exp });
    const { nonce } = JSON.parse(client.text.slice('INFO '.length)) as { nonce: string };
    return { jwt, sig: Buffer.from(key.sign(Buffer.from(nonce))).toString('base64url') };
  }

  async function connect(permissions: Permissions = {}, options: object = {}): Promise<RawClient> {
    const client = await raw();
    const defaults = { verbose: false, pedantic: false, headers: true, no_responders: true };
    client.send(
      `CONNECT ${JSON.stringify({ ...defaults, ...options, ...(await credentials(client, permissions)) })}\r\n`,
    );
    client.text = '';
    await client.after();
    return client;
  }

  it('BRK-1: delivers to plain and wildcard subscriptions, once each, with the bytes as they came', async () => {
    await start();
    const a = await connect();
    a.send('SUB x.y 1\r\nSUB x.* 2\r\nSUB > 3\r\nSUB *.z 4\r\n');
    a.send('PUB x.y back.to 5\r\na\r\nbc\r\n');
    const message = (sid: number): string => `MSG x.y ${sid} back.to 5\r\na\r\nbc\r\n`;
    expect(await a.after()).toBe(message(3) + message(2) + message(1));
  });

  it('BRK-2: commands may come in any pieces and any case', async () => {
    await start();
    const a = await connect();
    for (const byte of 'sub  foo\t7\r\npub foo 0\r\n\r\nHPUB foo 12 14\r\nNATS/1.0\r\n\r\nhi\r\n') {
      a.send(byte);
      await new Promise((resolve) => a.socket.write('', resolve));
    }
    expect(await a.after()).toBe('MSG foo 7 0\r\n\r\nHMSG foo 7 12 14\r\nNATS/1.0\r\n\r\nhi\r\n');
  });

  it('BRK-3: one member of a queue group gets a message, each in turn', async () => {
    await start();
    const a = await connect();
    a.send('SUB q workers 1\r\nSUB q workers 2\r\nSUB q 3\r\n');
    for (let i = 0; i < 4; i++) a.send('PUB q 1\r\nx\r\n');
    const said = await a.after();
    expect([1, 2, 3].map((sid) => said.split(`MSG q ${sid} `).length - 1)).toEqual([2, 2, 4]);
  });

  it('BRK-4: UNSUB ends a subscription, at once or after so many messages', async () => {
    await start();
    const a = await connect();
    a.send(
      'SUB s 1\r\nUNSUB 1 2\r\nPUB s 0\r\n\r\nPUB s 0\r\n\r\nPUB s 0\r\n\r\nSUB t 2\r\nUNSUB 2\r\nPUB t 0\r\n\r\n',
    );
    expect(await a.after()).toBe('MSG s 1 0\r\n\r\nMSG s 1 0\r\n\r\n');
  });

  it('BRK-5: a request that nobody takes is answered 503; without no_responders it is silent', async () => {
    await start();
    const a = await connect();
    a.send('SUB in.me.* 9\r\nPUB nobody in.me.5 2\r\nhi\r\n');
    expect(await a.after()).toBe('HMSG in.me.5 9 16 16\r\nNATS/1.0 503\r\n\r\n\r\n');
    const b = await connect({}, { no_responders: false });
    b.send('SUB in.me.* 9\r\nPUB nobody in.me.5 2\r\nhi\r\n');
    expect(await b.after()).toBe('');
  });

  it('BRK-6: headers are stripped for a client that does not know them', async () => {
    await start();
    const old = await connect({}, { headers: false, no_responders: false });
    old.send('SUB h 1\r\n');
    await old.after();
    const a = await connect();
    a.send('HPUB h 12 14\r\nNATS/1.0\r\n\r\nhi\r\n');
    await a.after();
    expect(await old.after()).toBe('MSG h 1 2\r\nhi\r\n');
  });

  it('BRK-7: permissions: allow lists, denials, denials within an allowed wildcard', async () => {
    await start();
    const a = await connect({
      pub: { allow: ['ok.>'], deny: ['ok.secret'] },
      sub: { allow: ['ok.>'], deny: ['ok.hidden'] },
    });
    a.send('PUB no 0\r\n\r\nPUB ok.secret 0\r\n\r\nSUB no 1\r\nSUB ok.hidden 2\r\nSUB > 3\r\nSUB ok.* 4\r\n');
    expect(await a.after()).toBe(
      [
        `-ERR 'Permissions Violation for Publish to "no"'\r\n`,
        `-ERR 'Permissions Violation for Publish to "ok.secret"'\r\n`,
        `-ERR 'Permissions Violation for Subscription to "no"'\r\n`,
        `-ERR 'Permissions Violation for Subscription to "ok.hidden"'\r\n`,
        `-ERR 'Permissions Violation for Subscription to ">"'\r\n`,
      ].join(''),
    );
    const b = await connect();
    b.send('PUB ok.hidden 0\r\n\r\nPUB ok.seen 0\r\n\r\n');
    await b.after();
    expect(await a.after()).toBe('MSG ok.seen 4 0\r\n\r\n');
  });

  it('BRK-8: nobody gets in without credentials, with a wrong signature, or with expired ones', async () => {
    await start();
    const silent = await raw();
    silent.send('SUB a 1\r\n');
    await silent.expect("-ERR 'Authorization Violation'");
    const forged = await raw();
    forged.send(`CONNECT ${JSON.stringify({ ...(await credentials(forged)), sig: 'AAAA' })}\r\n`);
    await forged.expect("-ERR 'Authorization Violation'");
    const old = await raw();
    old.send(`CONNECT ${JSON.stringify(await credentials(old, {}, clock.now() / 1000 - 1))}\r\n`);
    await old.expect("-ERR 'Authorization Violation'");
    const brief = await raw();
    brief.send(`CONNECT ${JSON.stringify(await credentials(brief, {}, clock.now() / 1000 + 60))}\r\n`);
    await brief.after();
    await clock.advance(61_000);
    await brief.expect("-ERR 'User Authentication Expired'");
    await until(() => [silent, forged, old, brief].every(({ closed }) => closed));
  });

  it('BRK-17: a trust whose account its operator did not sign is refused, and what was known stays', async () => {
    await start();
    const a = await connect();
    const trust = await createBusAccount(folder.dir);
    const foreign = await createBusAccount(path.join(folder.dir, 'foreign'));
    for (const wrong of [
      { ...trust, account: foreign.account },
      { ...trust, accountJwt: foreign.accountJwt },
      { ...trust, operatorJwt: foreign.operatorJwt },
    ])
      expect(() => broker.setTrust(wrong)).toThrow(RangeError);
    expect(await a.after()).toBe('');
    await connect();
    broker.setTrust(foreign);
    await until(() => a.closed);
    expect(a.text).toBe("-ERR 'User Authentication Revoked'\r\n");
  });

  it('BRK-9: who does not authenticate in time, or answers no PINGs, is closed', async () => {
    await start({ authTimeout: 1000, pingInterval: 10_000, maxPingsOut: 2 });
    const idle = await raw();
    const a = await connect();
    await clock.advance(1000);
    await idle.expect("-ERR 'Authentication Timeout'");
    await clock.advance(10_000);
    await a.expect('PING\r\n');
    a.send('PONG\r\n');
    await a.after();
    await clock.advance(30_000);
    await a.expect("-ERR 'Stale Connection'");
  });

  it('BRK-10: payloads, lines, connections and subscriptions have limits', async () => {
    await start({ maxPayload: 100, maxControlLine: 1500, maxConnections: 3, maxSubscriptions: 2 });
    const big = await connect();
    big.send('PUB a 101\r\n');
    await big.expect("-ERR 'Maximum Payload Violation'");
    const long = await connect();
    long.send(`PUB ${'x'.repeat(2000)}`);
    await long.expect("-ERR 'maximum control line exceeded'");
    await until(() => broker.connections === 0);
    const many = await connect();
    many.send('SUB a 1\r\nSUB a 2\r\nSUB a 3\r\n');
    expect(await many.after()).toBe("-ERR 'maximum subscriptions exceeded'\r\n");
    await raw();
    await raw();
    const fourth = new RawClient(broker.port);
    clients.push(fourth);
    await fourth.expect("-ERR 'maximum connections exceeded'");
  });

  it('BRK-11: a slow consumer is cut off at its limit, and hinders nobody', async () => {
    await start({ maxPending: 4 * 1024 * 1024 });
    const slow = await connect();
    slow.send('SUB flood 1\r\n');
    await slow.after();
    slow.socket.pause();
    const fine = await connect();
    fine.send('SUB other 1\r\n');
    const publisher = await connect();
    const message = Buffer.concat([Buffer.from('PUB flood 100000\r\n'), Buffer.alloc(100_000), Buffer.from('\r\n')]);
    for (let i = 0; i < 400 && broker.connections === 3; i++) {
      publisher.send(message);
      if (i % 20 === 19) await publisher.after();
    }
    expect(broker.connections).toBe(2);
    publisher.send('PUB other 2\r\nhi\r\n');
    await publisher.after();
    await fine.expect('MSG other 1 2\r\nhi\r\n');
  });

  it('BRK-12: verbose acknowledges, pedantic checks subjects, echo can be declined', async () => {
    await start();
    const a = await connect({}, { verbose: true, pedantic: true });
    a.send('SUB a 1\r\nPUB a 0\r\n\r\nPUB a.* 0\r\n\r\nSUB >.a 2\r\n');
    expect((await a.after()).split('\r\n').sort().join('|')).toBe(
      "||+OK|+OK|+OK|-ERR 'Invalid Publish Subject'|-ERR 'Invalid Subject'|MSG a 1 0",
    );
    const b = await connect({}, { echo: false });
    b.send('SUB c 1\r\nPUB c 0\r\n\r\n');
    expect(await b.after()).toBe('');
  });

  it('BRK-13: what is not the protocol closes that connection, and only that', async () => {
    await start();
    const fine = await connect();
    for (const nonsense of [
      'GET / HTTP/1.1\r\n',
      'PUB a b c d e\r\n',
      'PUB a -1\r\n',
      'PUB a 2\r\nabcd\r\n',
      'HPUB a 9 5\r\n',
      'SUB\r\n',
      'UNSUB 1 2 3\r\n',
    ]) {
      const client = await connect();
      client.send(nonsense);
      await until(() => client.closed, `closing after ${nonsense}`);
      expect(['', "-ERR 'Unknown Protocol Operation'\r\n"]).toContain(client.text);
    }
    fine.send('SUB a 1\r\nPUB a 2\r\nok\r\n');
    expect(await fine.after()).toBe('MSG a 1 2\r\nok\r\n');
  });

  it('BRK-14: closing the broker closes its clients and frees its port', async () => {
    await start();
    const a = await connect();
    const { port } = broker;
    await broker.close();
    await until(() => a.closed);
    const trust = await createBusAccount(folder.dir);
    broker = await startBroker({ port, trust, clock, logger: silentLogger });
    await expect(startBroker({ port, trust, clock, logger: silentLogger })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});
