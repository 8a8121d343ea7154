import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { decode, parseCreds, type User } from '@nats-io/jwt';
import { fromPublic, fromSeed } from '@nats-io/nkeys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Credentials } from '../src/identity/credentials.ts';
import { createNkey, nkeyFromSeed } from '../src/identity/nkey.ts';
import { createBusAccount, credentialsFile, mintCredentials } from '../src/mod.ts';
import { temporaryFolder } from './servers.ts';

describe('identities', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('BUS-60: keys are those of the official library', () => {
    for (const kind of ['operator', 'account', 'user'] as const) {
      const nkey = createNkey(kind);
      const official = fromSeed(Buffer.from(nkey.seed));
      expect(official.getPublicKey()).toBe(nkey.publicKey);
      expect(nkeyFromSeed(nkey.seed).publicKey).toBe(nkey.publicKey);
      expect(fromPublic(nkey.publicKey).getPublicKey()).toBe(nkey.publicKey);
    }
  });

  it('BUS-61: tokens and credentials are those that the official library reads and verifies', async () => {
    const trust = await createBusAccount(folder.dir);
    expect(decode(trust.operatorJwt).nats).toMatchObject({ type: 'operator', version: 2 });
    expect(decode(trust.accountJwt)).toMatchObject({
      sub: trust.account,
      nats: { type: 'account', limits: { conn: -1 } },
    });
    const file = await mintCredentials(folder.dir, 'system:node:a.b');
    const text = await readFile(file, 'utf8');
    const { uc, aid } = await parseCreds(Buffer.from(text));
    expect(aid).toBe(trust.account);
    expect((uc.nats as User).sub).toEqual({
      allow: ['in.system%3Anode%3Aa%2Eb.>', 'fault.system%3Anode%3Aa%2Eb', 'rpc.node.a%2Eb.>'],
      deny: [],
    });
    const credentials = new Credentials(text);
    expect(credentials.user).toBe('system:node:a.b');
    const signature = Buffer.from(credentials.sign('nonce'), 'base64url');
    expect(fromPublic(uc.sub).verify(Buffer.from('nonce'), signature)).toBe(true);
  });

  it('BUS-62: secrets are 0600, an account is never replaced, nothing half-written stays', async () => {
    const first = await createBusAccount(folder.dir);
    expect(await createBusAccount(folder.dir)).toEqual(first);
    const file = await mintCredentials(folder.dir, 'system:apiserver');
    expect(file).toBe(credentialsFile(folder.dir, 'system:apiserver'));
    for (const secret of ['account.json', 'creds/system%3Aapiserver.creds'])
      expect((await stat(path.join(folder.dir, secret))).mode & 0o777).toBe(0o600);
    const files = (await readdir(folder.dir, { recursive: true })).sort();
    expect(files).toEqual(['account.json', 'creds', 'creds/system%3Aapiserver.creds', 'server.conf', 'trust.json']);
    const trusted = await readFile(path.join(folder.dir, 'trust.json'), 'utf8');
    expect(trusted + (await readFile(path.join(folder.dir, 'server.conf'), 'utf8'))).not.toMatch(
      /\bS[OAU][A-Z2-7]{50}/,
    );
  });

  it('BUS-63: damaged credentials are refused with a reason', () => {
    expect(() => new Credentials('nonsense')).toThrow('the credentials file holds no user');
    const broken = '-----BEGIN NATS USER JWT-----\na.b.c\n-----BEGIN USER NKEY SEED-----\nSUA\n';
    expect(() => new Credentials(broken)).toThrow('the credentials file is damaged');
  });
});
