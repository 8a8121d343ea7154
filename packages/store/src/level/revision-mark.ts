/**
 * A small file beside LevelDB's that says how far the store had come: what LevelDB opens later must reach as far. It is
 * how the loss of a log's end, of a whole log, or of a folder's newest files is noticed, which LevelDB takes for normal.
 *
 * It carries a checkpoint too, which tells after a restart how old the history is.
 *
 * Owns the file `REVISION`. It follows the writes by MARK_INTERVAL, and is exact after `close`. A mark that can't be read
 * proves nothing and is replaced.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Clock, Logger, Timer } from '@regatta/runtime';
import type { Checkpoint } from '../store.ts';

/** Real milliseconds. */
export const MARK_INTERVAL = 1000;
const FILE = 'REVISION';

export interface Marked {
  readonly revision: number;
  readonly compacted: number;
  readonly checkpoint?: Checkpoint | undefined;
}

/** What the last mark says; undefined when there is none that can be read. */
export async function readMark(path: string): Promise<Marked | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, FILE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const [, fact, sum] = /^(\d+ \d+(?: \d+ \d+)?) ([0-9a-f]{8})\n$/.exec(text) ?? [];
  if (!fact || sum !== sumOf(fact)) return undefined;
  const [revision = 0, compacted = 0, then, time] = fact.split(' ').map(Number);
  const checkpoint = then === undefined || time === undefined ? undefined : { revision: then, time };
  return { revision, compacted, checkpoint };
}

export async function writeMark(path: string, { revision, compacted, checkpoint }: Marked): Promise<void> {
  const fact = [revision, compacted, ...(checkpoint ? [checkpoint.revision, checkpoint.time] : [])].join(' ');
  const temporary = join(path, `${FILE}.tmp`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${fact} ${sumOf(fact)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(path, FILE));
}

export interface RevisionMarkOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is durable now. */
  readonly standing: () => Marked;
}

/** Keeps the mark of an open store. */
export class RevisionMark {
  readonly #options: RevisionMarkOptions;
  #written: Marked | undefined;
  #timer: Timer;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RevisionMarkOptions) {
    this.#options = options;
    this.#timer = this.#arm();
  }

  /** Marks at once. */
  update(): Promise<void> {
    return this.#write();
  }

  /** Marks where the store stands, and stops. */
  async close(): Promise<void> {
    this.#timer.cancel();
    await this.#write();
  }

  #arm(): Timer {
    return this.#options.clock.setTimer(MARK_INTERVAL, () => {
      void this.#write();
      this.#timer = this.#arm();
    });
  }

  /** One at a time. Never rejects: without a mark the store works as well. */
  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const { path, logger, standing } = this.#options;
      const now = standing();
      if (this.#written && isDeepStrictEqual(now, this.#written)) return;
      try {
        await writeMark(path, now);
        this.#written = now;
      } catch (error) {
        logger.warn('the revision is not marked', { path, error });
      }
    });
    return this.#writing;
  }
}

function sumOf(fact: string): string {
  return crc32(fact).toString(16).padStart(8, '0');
}
