/**
 * How a machine gets into a cluster that it knows only the API server and a join token of: it asks until it is let in
 * (`POST /regatta/v1/join`), and keeps on its disk what it was given.
 *
 * Invariants: the name and the key that proves it are made once for a disk; a machine that was let in boots without
 * asking, whatever is down meanwhile; nothing ever given up but by the signal.
 */
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BusError } from '@regatta/bus';
import { ApiClient, HttpTransport } from '@regatta/client';
import { Backoff, type Clock, type Logger, type Random, sleep } from '@regatta/runtime';
import { DirectoryDisk } from '../storage/node-disk.ts';

const JOIN_PATH = '/regatta/v1/join';
/** Real milliseconds between attempts, jittered down to half. */
const RETRY = { base: 250, max: 5_000 };
/** Real milliseconds for an answer. */
const ANSWER_TIMEOUT_MS = 10_000;
const DOCUMENT = 'join';

export interface JoinOptions {
  /** `https://apiserver:6443` */
  readonly url: string;
  readonly tokenFile: string;
  readonly caFile: string;
  /** The machine's name; what its disk says goes first. */
  readonly name: string;
  readonly nodeDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What a machine has once it is let in. */
export interface Joined {
  readonly name: string;
  readonly ip: string;
  readonly busUrl: string;
  readonly credentialsFile: string;
}

interface Remembered {
  readonly name: string;
  readonly key: string;
  readonly ip?: string;
  readonly busUrl?: string;
}

/** What this machine was given at an earlier boot; undefined when it was never let in. */
export function rememberedPlace(nodeDir: string): Joined | undefined {
  const { name, ip, busUrl } = recall(new DirectoryDisk(nodeDir)) ?? {};
  if (name === undefined || ip === undefined || busUrl === undefined) return undefined;
  return { name, ip, busUrl, credentialsFile: credentialsFile(nodeDir) };
}

/**
 * Gets a machine onto the bus: with what it remembers, else with what the cluster gives it.
 * @param connect opens the bus as that machine
 * @throws what `connect` throws, but for a refusal: a cluster that was made anew must be joined anew
 */
export async function enterCluster<T>(options: JoinOptions, connect: (place: Joined) => Promise<T>): Promise<T> {
  const backoff = new Backoff(RETRY);
  for (let remembered = rememberedPlace(options.nodeDir); ; remembered = undefined) {
    const place = remembered ?? (await joinCluster(options));
    try {
      return await connect(place);
    } catch (error) {
      if (!(error instanceof BusError && error.code === 'denied')) throw error;
      options.logger.warn('the bus does not know this machine: joining again', { name: place.name });
    }
    await sleep(options.clock, backoff.next('connect'), options.signal);
  }
}

/**
 * Asks until the cluster lets the machine in.
 * @throws the signal's reason when it aborts
 */
export async function joinCluster(options: JoinOptions): Promise<Joined> {
  const { nodeDir, clock, random, logger, signal } = options;
  const disk = new DirectoryDisk(nodeDir);
  const self = recall(disk) ?? { name: options.name, key: newKey(random) };
  disk.write(DOCUMENT, self);
  const backoff = new Backoff(RETRY);
  for (let last = ''; ; ) {
    signal.throwIfAborted();
    try {
      return remember(disk, nodeDir, self, await ask(options, self));
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== last) logger.warn('not let into the cluster yet', { name: self.name, url: options.url, reason });
      last = reason;
    }
    await sleep(clock, backoff.next('join') * (0.5 + random.next() / 2), signal);
  }
}

interface Answer {
  readonly ip: string;
  readonly bus: { readonly url: string; readonly credentials: string };
}

/** Reads the files anew each time: they may come after the machine. */
async function ask(options: JoinOptions, { name, key }: Remembered): Promise<Answer> {
  const transport = new HttpTransport({
    url: options.url,
    ca: readFileSync(options.caFile, 'utf8'),
    token: readFileSync(options.tokenFile, 'utf8').trim(),
    timeout: ANSWER_TIMEOUT_MS,
  });
  try {
    const client = new ApiClient(transport, { userAgent: 'regatta-join', clock: options.clock });
    const body = { name, key };
    return readAnswer(await client.request({ method: 'POST', url: JOIN_PATH, body, signal: options.signal }));
  } finally {
    await transport.close();
  }
}

function readAnswer(value: unknown): Answer {
  const answer = value as Partial<Answer> | undefined;
  const { ip, bus } = answer ?? {};
  if (typeof ip !== 'string' || typeof bus?.url !== 'string' || typeof bus.credentials !== 'string') {
    throw new TypeError('the API server answers a join with something else');
  }
  return { ip, bus };
}

/** The credentials go first: a document that names an address says that they are there. */
function remember(disk: DirectoryDisk, nodeDir: string, self: Remembered, { ip, bus }: Answer): Joined {
  const file = credentialsFile(nodeDir);
  writeFileSync(`${file}.new`, bus.credentials, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600); // a file that a killed process left keeps its mode
  renameSync(`${file}.new`, file);
  const { name, key } = self;
  disk.write(DOCUMENT, { name, key, ip, busUrl: bus.url });
  return { name, ip, busUrl: bus.url, credentialsFile: file };
}

function recall(disk: DirectoryDisk): Remembered | undefined {
  const found = disk.read(DOCUMENT) as Partial<Remembered> | undefined | null;
  return typeof found?.name === 'string' && typeof found.key === 'string' ? (found as Remembered) : undefined;
}

function credentialsFile(nodeDir: string): string {
  return path.join(nodeDir, 'bus.creds');
}

/** 244 random bits. */
function newKey(random: Random): string {
  return `${random.uuid()}${random.uuid()}`.replaceAll('-', '');
}
