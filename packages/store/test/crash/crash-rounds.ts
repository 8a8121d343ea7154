/**
 * Rounds of: start writers, kill them at a random point, look at what is left. The CI-sized test and the long form share it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Random, SystemClock, seededRandom, sleep } from '@regatta/runtime';
import { build } from 'esbuild';
import { readLogFile } from '../../src/level/integrity/log-file.ts';
import { type Acknowledged, CheckedStore } from './checked-store.ts';

const MODES = ['groups', 'power loss', 'small batches'] as const;
/** A new folder after so many rounds: starts in fresh folders are killed too. */
const ROUNDS_PER_FOLDER = 25;

export interface CrashFigures {
  rounds: number;
  acknowledged: number;
  /** Rounds that ended before the first acknowledgement. */
  early: number;
  /** Rounds that left a torn record at the end of the log. */
  torn: number;
}

/** Bundles the process that is killed: starting it must cost little. */
export async function buildWriters(): Promise<string> {
  const outfile = join(import.meta.dirname, '../../../../.tsbuild/store-test/crash-writers.mjs');
  const external = ['classic-level'];
  const entryPoints = [join(import.meta.dirname, 'writers.ts')];
  await build({ entryPoints, outfile, bundle: true, format: 'esm', platform: 'node', external });
  return outfile;
}

/** @param goOn asked before each round. @throws AssertionError when a promise is broken */
export async function crashRounds(seed: number, goOn: (figures: CrashFigures) => boolean): Promise<CrashFigures> {
  const script = await buildWriters();
  const random = seededRandom(seed);
  const figures = { rounds: 0, acknowledged: 0, early: 0, torn: 0 };
  for (let folder = 0; goOn(figures); folder++) {
    const path = await mkdtemp(join(tmpdir(), 'regatta-crash-'));
    const mode = MODES[folder % MODES.length] ?? 'groups';
    const store = new CheckedStore(path, mode !== 'small batches');
    for (let round = 0; round < ROUNDS_PER_FOLDER && goOn(figures); round++) {
      const { writes, synced } = await runUntilKilled(
        [script, path, String(Math.floor(random.next() * 2 ** 20)), mode],
        random,
      );
      if (synced) await losePower(path, synced, random);
      figures.rounds++;
      figures.acknowledged += writes.length;
      if (writes.length === 0) figures.early++;
      if (await endsTorn(path)) figures.torn++;
      await store.check(writes);
    }
    await rm(path, { recursive: true, force: true });
  }
  return figures;
}

/** How much of the newest log was synced. */
interface Synced {
  readonly log: string;
  readonly bytes: number;
}

/**
 * SIGKILL leaves what the kernel has; a power failure leaves what was synced, and of the rest any beginning, or zeros or
 * garbage in its place. A log that another one with records follows was synced to its end.
 */
async function losePower(path: string, synced: Synced, random: Random): Promise<void> {
  const logs = (await readdir(path)).filter((file) => file.endsWith('.log') && file >= synced.log).sort();
  for (const name of logs.reverse()) {
    const bytes = await readFile(join(path, name));
    if (bytes.length === 0) continue;
    const safe = name === synced.log ? synced.bytes : 0;
    const kept = safe + Math.floor(random.next() * (bytes.length - safe));
    const spoiled = Math.floor(random.next() * 3);
    if (spoiled === 0) await truncate(join(path, name), kept);
    else await writeFile(join(path, name), bytes.fill(spoiled === 1 ? 0 : 0xa7, kept));
    return;
  }
}

/** Kills it after some acknowledgements, some milliseconds later, or some milliseconds after its start. */
async function runUntilKilled(
  args: string[],
  random: Random,
): Promise<{ readonly writes: Acknowledged[]; readonly synced: Synced | undefined }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const clock = new SystemClock();
  const afterAcknowledgements = Math.floor(random.next() ** 3 * 1200);
  const delay = random.next() * 30;
  const ended = new AbortController();
  const kill = (milliseconds: number): void => {
    sleep(clock, milliseconds, ended.signal).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
  };
  if (random.next() < 0.2) kill(40 + random.next() * 150);
  const writes: Acknowledged[] = [];
  let synced: Synced | undefined;
  for await (const text of createInterface({ input: child.stdout })) {
    const [revision, key = '', id = ''] = text.split(' ');
    if (revision === 'synced') {
      synced = { log: key, bytes: Number(id) };
      continue;
    }
    writes.push({ revision: Number(revision), key, id });
    if (writes.length === afterAcknowledgements + 1) kill(delay);
  }
  ended.abort();
  return { writes, synced };
}

async function endsTorn(path: string): Promise<boolean> {
  const logs = (await readdir(path)).filter((name) => name.endsWith('.log')).sort();
  const newest = logs.at(-1);
  return newest !== undefined && readLogFile(await readFile(join(path, newest))).torn;
}
