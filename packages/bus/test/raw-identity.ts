/** Credentials made by hand, good and bad, and connections that use them over the raw protocol. */
import { sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeJwt, userClaims } from '../src/identity/nats-jwt.ts';
import { createNkey, type Nkey, nkeyFromSeed } from '../src/identity/nkey.ts';
import { type BusPermissions, credentialsFile, mintCredentials } from '../src/mod.ts';
import { escapeToken } from '../src/subjects.ts';
import { RawClient } from './raw-client.ts';

export interface RawIdentity {
  readonly jwt: string;
  readonly key: Nkey;
}

const EVERYTHING = { allow: ['>'], deny: [] };

/** The account's keys in this folder. */
export async function accountKeys(dir: string): Promise<{ readonly account: Nkey; readonly operator: Nkey }> {
  const seeds = JSON.parse(await readFile(path.join(dir, 'account.json'), 'utf8')) as Record<string, string>;
  return { account: nkeyFromSeed(seeds['accountSeed'] ?? ''), operator: nkeyFromSeed(seeds['operatorSeed'] ?? '') };
}

/** What a credentials file holds. */
export async function minted(dir: string, user: string): Promise<RawIdentity> {
  await mintCredentials(dir, user);
  const text = await readFile(credentialsFile(dir, user), 'utf8');
  const [, jwt = ''] = /JWT-----\s+(\S+)/.exec(text) ?? [];
  const [, seed = ''] = /SEED-----\s+(\S+)/.exec(text) ?? [];
  return { jwt, key: nkeyFromSeed(seed) };
}

/** A token of this issuer's, with any permissions. */
export function forged(
  user: string,
  issuer: Nkey,
  options: { permissions?: BusPermissions; expires?: number } = {},
): RawIdentity {
  const key = createNkey('user');
  const { permissions = { publish: EVERYTHING, subscribe: EVERYTHING }, expires } = options;
  const times = expires === undefined ? {} : { expires };
  return { jwt: encodeJwt(escapeToken(user), key.publicKey, userClaims(permissions), issuer, times), key };
}

/** Sends CONNECT; what comes of it is the caller's to see. */
export async function sendConnect(port: number, identity: RawIdentity, options: object = {}): Promise<RawClient> {
  const client = new RawClient(port);
  const { nonce } = await client.info();
  const sig = sign(null, Buffer.from(nonce), identity.key.key).toString('base64url');
  client.text = '';
  client.send(
    `CONNECT ${JSON.stringify({ verbose: false, headers: true, no_responders: true, jwt: identity.jwt, sig, ...options })}\r\n`,
  );
  return client;
}

/** @throws Error when the server does not let it in */
export async function connectRaw(port: number, identity: RawIdentity): Promise<RawClient> {
  const client = await sendConnect(port, identity);
  await client.after();
  return client;
}
