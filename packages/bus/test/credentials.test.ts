/** Who is let in, and who no longer: by hand-written protocol against both brokers. */
import { sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createNkey } from '../src/identity/nkey.ts';
import { API_SERVICE, credentialsFile, mintCredentials, readBusTrust, revokeCredentials } from '../src/mod.ts';
import { RawClient } from './raw-client.ts';
import { accountKeys, connectRaw, forged, minted, type RawIdentity, sendConnect } from './raw-identity.ts';
import { clock, connectAs, serverKinds, type TestServer, temporaryFolder, until } from './servers.ts';

const NODE = 'system:node:node-1';
const DENIED = "-ERR 'Authorization Violation'";

describe.each(serverKinds())('credentials on the $name', ({ start }) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let server: TestServer;
  let onlooker: RawClient;
  const clients: RawClient[] = [];

  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await start(folder.dir, 0);
    onlooker = await connectRaw(server.port, forged('onlooker', (await accountKeys(folder.dir)).account));
    onlooker.send('SUB > 1\r\n');
    await onlooker.after();
  });
  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.destroy();
  });
  afterAll(async () => {
    onlooker.socket.destroy();
    await server.stop();
    await folder.remove();
  });

  /** Whatever it says besides, it is refused, and nobody hears of what it says. */
  async function isRefused(client: RawClient): Promise<void> {
    clients.push(client);
    client.send('PUB rpc.api._.system.node.node-1 6\r\nsecret\r\nSUB > 1\r\n');
    await client.expect(DENIED);
    await until(() => client.closed, 'the end of the connection');
    expect(await onlooker.after()).not.toContain('secret');
  }

  function altered({ jwt, key }: RawIdentity, claims: object): RawIdentity {
    const [head = '', body = '', signature = ''] = jwt.split('.');
    const whole = { ...(JSON.parse(Buffer.from(body, 'base64url').toString()) as object), ...claims };
    return { jwt: `${head}.${Buffer.from(JSON.stringify(whole)).toString('base64url')}.${signature}`, key };
  }

  it('BUS-64: without credentials, with a password, a token, or a bare key nobody is let in', async () => {
    const key = createNkey('user');
    for (const options of [
      {},
      { user: 'system:apiserver', pass: '' },
      { auth_token: 'x' },
      { nkey: key.publicKey },
      { jwt: '' },
      { jwt: 'a.b.c', sig: 'x' },
    ]) {
      const client = new RawClient(server.port);
      await client.info();
      client.send(`CONNECT ${JSON.stringify(options)}\r\n`);
      await isRefused(client);
    }
    const silent = new RawClient(server.port);
    await silent.info();
    await isRefused(silent);
  });

  it('BUS-65: a token that the account did not sign, or that was changed, is worth nothing', async () => {
    const { account, operator } = await accountKeys(folder.dir);
    const foreign = createNkey('account');
    const own = await minted(folder.dir, NODE);
    const self = createNkey('user');
    const unsigned = Buffer.from(JSON.stringify({ typ: 'JWT', alg: 'none' })).toString('base64url');
    const identities = [
      forged('system:apiserver', foreign),
      altered(forged('system:apiserver', foreign), { iss: account.publicKey }),
      forged('system:apiserver', operator),
      forged('system:apiserver', self),
      altered(own, { name: 'system%3Aapiserver' }),
      altered(own, { nats: { type: 'user', version: 2 } }),
      altered(own, { sub: self.publicKey }),
      { ...own, jwt: `${unsigned}.${own.jwt.split('.')[1]}.` },
      { ...own, jwt: (await readBusTrust(folder.dir)).accountJwt },
    ];
    for (const identity of identities) await isRefused(await sendConnect(server.port, identity));
  });

  it('BUS-66: a token without its key is worth nothing; an answer to another challenge neither', async () => {
    const own = await minted(folder.dir, NODE);
    const other = createNkey('user');
    await isRefused(await sendConnect(server.port, { jwt: own.jwt, key: other }));
    await isRefused(await sendConnect(server.port, own, { sig: '' }));
    const sig = sign(null, Buffer.from('an old nonce'), own.key.key).toString('base64url');
    await isRefused(await sendConnect(server.port, own, { sig }));
  });

  it('BUS-67: credentials that are over let nobody in, and end the connection when they are', async () => {
    const { account } = await accountKeys(folder.dir);
    const now = Math.floor(clock.now() / 1000);
    await isRefused(await sendConnect(server.port, forged('late', account, { expires: now - 1 })));
    const brief = await connectRaw(server.port, forged('brief', account, { expires: now + 2 }));
    clients.push(brief);
    await until(() => brief.closed, 'the end of the connection');
    expect(brief.text).toContain("-ERR 'User Authentication Expired'");
  });

  it('BUS-68: revoked credentials end their connections, every copy of them, and let nobody in again', async () => {
    const api = await connectAs(folder.dir, server.url, 'system:apiserver');
    await api.serve(API_SERVICE, (call) => call.reply(call.request)).ready;
    const removed = 'system:node:removed';
    const stolen = await minted(folder.dir, removed);
    const thief = await connectRaw(server.port, stolen);
    clients.push(thief);
    const bystander = await connectRaw(server.port, await minted(folder.dir, NODE));
    clients.push(bystander);
    expect(revokeCredentials(folder.dir, removed, clock.now())).toBe(true);
    expect(revokeCredentials(folder.dir, removed, clock.now())).toBe(false);
    await server.reload();
    await until(() => thief.closed, 'the end of the connection');
    expect(thief.text).toContain("-ERR 'User Authentication Revoked'");
    await isRefused(await sendConnect(server.port, stolen));
    expect(await bystander.after()).toBe('');
    // The name may come back, with a key of its own; the stolen one stays worthless, also after a restart.
    const again = await connectAs(folder.dir, server.url, removed);
    expect(Buffer.from(await again.call(API_SERVICE, Buffer.from('hi'))).toString()).toBe('hi');
    await again.close();
    await api.close();
    const { port } = server;
    await server.stop();
    server = await start(folder.dir, port);
    onlooker = await connectRaw(server.port, forged('onlooker', (await accountKeys(folder.dir)).account));
    await isRefused(await sendConnect(server.port, stolen));
  });

  it('BUS-69: a user keeps its key while its credentials are made anew, so that all copies can be revoked', async () => {
    const file = credentialsFile(folder.dir, NODE);
    const first = await readFile(await mintCredentials(folder.dir, NODE), 'utf8');
    expect(await readFile(await mintCredentials(folder.dir, NODE), 'utf8')).toBe(first);
    const trusted = await readFile(path.join(folder.dir, 'trust.json'), 'utf8');
    revokeCredentials(folder.dir, NODE, clock.now());
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(path.join(folder.dir, 'trust.json'), 'utf8')).not.toBe(trusted);
    expect(await readFile(await mintCredentials(folder.dir, NODE), 'utf8')).not.toBe(first);
  });
});
