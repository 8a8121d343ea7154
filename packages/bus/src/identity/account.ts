/**
 * The bus's identities: decentralised NATS authentication (operator, account, users), so that whoever holds the account's
 * seed lets a node join without any server being told or restarted.
 *
 * Owns `<dir>/account.json` (seeds, 0600), `<dir>/trust.json` and `<dir>/server.conf` (public: what the embedded broker
 * and a real nats-server need), `<dir>/creds/<user>.creds` (0600).
 * Invariants: an account that exists is never replaced; files appear whole or not at all; a user keeps one key until it is
 * revoked, so that revoking it takes the power of every copy of its credentials away (ADR 0033).
 */
import fs from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { escapeToken } from '../subjects.ts';
import { accountClaims, credentialsText, encodeJwt, operatorClaims, userClaims } from './nats-jwt.ts';
import { createNkey, type Nkey, nkeyFromSeed } from './nkey.ts';
import { permissionsFor } from './permissions.ts';
import { type Revocations, readRevocations } from './revocations.ts';

/** What a server needs to know to check identities. Nothing in it is secret. */
export interface BusTrust {
  /** The account's public key, `A…`. */
  readonly account: string;
  readonly operatorJwt: string;
  readonly accountJwt: string;
}

interface AccountSeeds {
  readonly operatorSeed: string;
  readonly accountSeed: string;
}

const SECRET = 0o600;

/** Bytes that nats-server lets wait for one client. */
const NATS_SERVER_MAX_PENDING = '256MB';

/** Revocations of one account: each is about 70 bytes of what a server reads at its start. */
const MOST_REVOCATIONS = 10_000;

export function credentialsFile(dir: string, user: string): string {
  return path.join(dir, 'creds', `${escapeToken(user)}.creds`);
}

/** Makes operator, account and server configuration in `dir`, or reads what is there. */
export async function createBusAccount(dir: string): Promise<BusTrust> {
  const existing = await existingTrust(dir);
  if (existing) return existing;
  const operator = createNkey('operator');
  const account = createNkey('account');
  const trust: BusTrust = {
    account: account.publicKey,
    operatorJwt: encodeJwt('regatta', operator.publicKey, operatorClaims(), operator),
    accountJwt: accountJwt(account.publicKey, operator),
  };
  const seeds: AccountSeeds = { operatorSeed: operator.seed, accountSeed: account.seed };
  await mkdir(path.join(dir, 'creds'), { recursive: true });
  await replaceFile(path.join(dir, 'account.json'), `${JSON.stringify(seeds, null, 2)}\n`, SECRET);
  await replaceFile(path.join(dir, 'server.conf'), serverConfig(trust), 0o644);
  await replaceFile(path.join(dir, 'trust.json'), `${JSON.stringify(trust, null, 2)}\n`, 0o644);
  return trust;
}

/** Only what is missing is made anew: a damaged account would lock out whoever holds credentials of it. */
async function existingTrust(dir: string): Promise<BusTrust | undefined> {
  try {
    return await readBusTrust(dir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`The bus account in ${dir} can't be read; restore it, or remove that folder to make a new one.`, {
      cause: error,
    });
  }
}

/** @throws Error when `dir` holds no account */
export async function readBusTrust(dir: string): Promise<BusTrust> {
  return JSON.parse(await readFile(path.join(dir, 'trust.json'), 'utf8')) as BusTrust;
}

/**
 * Writes a credentials file for `user`, with what that user may do on the bus.
 * @returns its path
 * @throws Error when `dir` holds no account
 */
export async function mintCredentials(dir: string, user: string): Promise<string> {
  const seeds = JSON.parse(await readFile(path.join(dir, 'account.json'), 'utf8')) as AccountSeeds;
  const file = credentialsFile(dir, user);
  const key = (await currentKey(dir, file)) ?? createNkey('user');
  // Names in tokens are written as subjects write them, so that any name is plain ASCII.
  const jwt = encodeJwt(
    escapeToken(user),
    key.publicKey,
    userClaims(permissionsFor(user)),
    nkeyFromSeed(seeds.accountSeed),
  );
  await mkdir(path.dirname(file), { recursive: true });
  await replaceFile(file, credentialsText(jwt, key.seed), SECRET);
  return file;
}

/** The key that a user's credentials have now; undefined when there are none that are any good. */
async function currentKey(dir: string, file: string): Promise<Nkey | undefined> {
  let key: Nkey;
  try {
    const [, seed = ''] = /-----BEGIN USER NKEY SEED-----\s+(\S+)/.exec(await readFile(file, 'utf8')) ?? [];
    key = nkeyFromSeed(seed);
  } catch {
    // Missing or damaged: made anew.
    return undefined;
  }
  const revoked = readRevocations((await readBusTrust(dir)).accountJwt);
  return revoked.has(key.publicKey) ? undefined : key;
}

/**
 * Takes the power of a user's credentials away, wherever copies of them are. Servers know once they have read their
 * configuration again (SIGHUP, for both brokers), and cut off who is connected with them.
 *
 * Synchronous, so that two at once do not lose one of them.
 * @param now milliseconds since the epoch
 * @returns false when the user had none
 * @throws Error when `dir` holds no account, or MOST_REVOCATIONS are in force
 */
export function revokeCredentials(dir: string, user: string, now: number): boolean {
  const file = credentialsFile(dir, user);
  if (!fs.existsSync(file)) return false;
  const [, seed = ''] = /-----BEGIN USER NKEY SEED-----\s+(\S+)/.exec(fs.readFileSync(file, 'utf8')) ?? [];
  const seeds = JSON.parse(fs.readFileSync(path.join(dir, 'account.json'), 'utf8')) as AccountSeeds;
  const trust = JSON.parse(fs.readFileSync(path.join(dir, 'trust.json'), 'utf8')) as BusTrust;
  const revocations = new Map(readRevocations(trust.accountJwt));
  if (revocations.size >= MOST_REVOCATIONS)
    throw new Error(
      `${dir} has revoked ${MOST_REVOCATIONS} credentials; make a new bus account by removing that folder`,
    );
  revocations.set(nkeyFromSeed(seed).publicKey, Math.floor(now / 1000));
  const operator = nkeyFromSeed(seeds.operatorSeed);
  const renewed = { ...trust, accountJwt: accountJwt(trust.account, operator, revocations) };
  // What a server reads comes first: if this ends half-way, the user is locked out and not forgotten.
  replaceFileNow(path.join(dir, 'server.conf'), serverConfig(renewed));
  replaceFileNow(path.join(dir, 'trust.json'), `${JSON.stringify(renewed, null, 2)}\n`);
  fs.rmSync(file);
  return true;
}

function accountJwt(account: string, operator: Nkey, revocations: Revocations = new Map()): string {
  return encodeJwt('regatta', account, accountClaims(revocations), operator);
}

/**
 * For a real nats-server: `nats-server -c server.conf -p PORT`. It slows down whoever publishes to a client for which half of
 * `max_pending` waits (ADR 0035); what waits is bounded by the credit of streams.
 */
function serverConfig({ account, operatorJwt, accountJwt }: BusTrust): string {
  const identities = `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: {\n  ${account}: ${accountJwt}\n}\n`;
  return `${identities}max_pending: ${NATS_SERVER_MAX_PENDING}\n`;
}

async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, text, { mode });
  await rename(fresh, file);
}

function replaceFileNow(file: string, text: string): void {
  const fresh = `${file}.new`;
  fs.writeFileSync(fresh, text, { mode: 0o644 });
  fs.renameSync(fresh, file);
}
