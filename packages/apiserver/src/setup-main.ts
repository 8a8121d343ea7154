#!/usr/bin/env node
/**
 * Makes the secrets of a cluster whose processes run in containers of their own, once, and lays each where only its owner
 * looks (a volume each, in docker-compose.yml):
 *
 *   DIR/apiserver            bus account (its seed signs identities), PKI, bus.creds, join-token
 *   DIR/nats                 server.conf: what a nats-server must know; nothing secret
 *   DIR/scheduler            bus.creds
 *   DIR/controller-manager   bus.creds, ca.crt, ca.key and sa.key (it signs certificate requests, and tokens in Secrets)
 *   DIR/join                 token, ca.crt: for machines
 *
 * May run any number of times: account, keys and token stay as they are, the copies are put right.
 */
import { chmod, copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createBusAccount, mintCredentials } from '@regatta/bus';
import { createLogger, SystemClock } from '@regatta/runtime';
import { readIfPresent } from './pki/files.ts';
import { ensurePki } from './pki/mod.ts';
import { newJoinToken } from './regatta-api/join-token.ts';

const USAGE = 'usage: setup --into DIR [--host NAME]…   more names that the API server is reached at';
const SECRET = 0o600;
const PUBLIC = 0o644;

async function setUp(directory: string, hosts: readonly string[]): Promise<void> {
  const at = (...parts: string[]): string => path.join(directory, ...parts);
  for (const folder of ['apiserver', 'nats', 'scheduler', 'controller-manager', 'join']) {
    await mkdir(at(folder), { recursive: true });
  }
  const bus = at('apiserver', 'bus');
  await createBusAccount(bus);
  await ensurePki(at('apiserver'), { advertiseAddress: '127.0.0.1', hostnames: hosts, clock: new SystemClock() });
  const token = (await readIfPresent(at('apiserver', 'join-token'))) ?? newJoinToken();
  const credentials = async (folder: string, user: string): Promise<void> =>
    copy(await mintCredentials(bus, user), at(folder, 'bus.creds'), SECRET);
  await credentials('apiserver', 'system:apiserver');
  await credentials('scheduler', 'system:kube-scheduler');
  await credentials('controller-manager', 'system:kube-controller-manager');
  await place(at('apiserver', 'join-token'), token);
  await place(at('join', 'token'), token);
  const ca = at('apiserver', 'pki', 'ca.crt');
  await copy(ca, at('join', 'ca.crt'), PUBLIC);
  await copy(ca, at('controller-manager', 'ca.crt'), PUBLIC);
  await copy(at('apiserver', 'pki', 'ca.key'), at('controller-manager', 'ca.key'), SECRET);
  await copy(at('apiserver', 'pki', 'sa.key'), at('controller-manager', 'sa.key'), SECRET);
  await copy(path.join(bus, 'server.conf'), at('nats', 'server.conf'), PUBLIC);
}

/** Writes a secret, whole or not at all. */
async function place(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: SECRET });
  await rename(`${file}.new`, file);
}

async function copy(from: string, to: string, mode: number): Promise<void> {
  await copyFile(from, `${to}.new`);
  await chmod(`${to}.new`, mode);
  await rename(`${to}.new`, to);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { into: { type: 'string' }, host: { type: 'string', multiple: true } } });
  if (!values.into) throw new TypeError('--into is missing');
  await setUp(values.into, values.host ?? []);
  createLogger({ clock: new SystemClock() }, { component: 'setup' }).info('keys and credentials are in place');
}

main().catch((error: unknown) => {
  process.stderr.write(`setup: ${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exitCode = 1;
});
