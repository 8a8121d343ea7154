/**
 * Logs of containers on the machine's disk, as a runtime writes them (the CRI's log format), so that they can be read
 * after a power loss: lines are written half a second after they were printed, many at once; a container that prints
 * nothing has no file.
 *
 * Invariants: a file holds what the log in memory holds, and at most FILE_BYTES or, when all files hold more than
 * NODE_BYTES, the last SMALL_FILE_BYTES.
 */
import type { Clock, Logger, Timer } from '@regatta/runtime';
import type { ContainerLogReader, LogLine } from '../runtime/container-runtime.ts';
import { formatLines, parseLog } from '../runtime/log-format.ts';
import type { NodeDisk } from './node-disk.ts';

/** Real milliseconds from a line until it is on disk. */
const DELAY_MS = 500;
const FILE_BYTES = 2 * 1024 * 1024;
const SMALL_FILE_BYTES = 64 * 1024;
const NODE_BYTES = 128 * 1024 * 1024;

interface FollowedLog {
  readonly name: string;
  readonly log: ContainerLogReader;
  waiting: LogLine[];
  size: number;
  /** Lines are missing on disk: the file is to be written anew. */
  hasGap: boolean;
}

export interface ContainerLogsOptions {
  readonly disk: NodeDisk;
  /** Real time. */
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ContainerLogs {
  readonly #followed = new Map<string, FollowedLog>();
  readonly #dirty = new Set<FollowedLog>();
  #bytes = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(private readonly options: ContainerLogsOptions) {}

  /** From now on the log's lines are kept. */
  follow(podUid: string, id: string, log: ContainerLogReader): void {
    if (!this.options.disk.keepsBytes) return;
    let kept: FollowedLog | undefined;
    log.onLine((line) => {
      kept ??= this.#start(podUid, id, log);
      kept.waiting.push(line);
      this.#dirty.add(kept);
      if (this.#timer === undefined && !this.#closed) this.#arm();
    });
  }

  /** The log of a container of before a power loss; undefined when it printed nothing. */
  read(podUid: string, id: string): ContainerLogReader | undefined {
    const bytes = this.options.disk.readBytes(fileName(podUid, id));
    return bytes && new EndedLog(parseLog(bytes));
  }

  remove(podUid: string, id: string): void {
    const followed = this.#followed.get(id);
    if (followed) {
      this.#bytes -= followed.size;
      this.#dirty.delete(followed);
      this.#followed.delete(id);
    }
    this.options.disk.removeBytes(fileName(podUid, id));
    if ([...this.#followed.values()].every(({ name }) => !name.startsWith(`logs/${podUid}/`)))
      this.options.disk.removeFolder(`logs/${podUid}`);
  }

  /** What is left of Pods that are gone goes too. */
  retain(podUids: ReadonlySet<string>): void {
    for (const uid of this.options.disk.folders('logs'))
      if (!podUids.has(uid)) this.options.disk.removeFolder(`logs/${uid}`);
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const followed of this.#dirty) this.#tryWrite(followed);
    this.#dirty.clear();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #start(podUid: string, id: string, log: ContainerLogReader): FollowedLog {
    const followed = { name: fileName(podUid, id), log, waiting: [], size: 0, hasGap: false };
    this.#followed.set(id, followed);
    return followed;
  }

  #arm(): void {
    this.#timer = this.options.clock.setTimer(DELAY_MS, () => {
      this.flush();
    });
  }

  /** A full disk loses lines on disk, never in memory. */
  #tryWrite(followed: FollowedLog): void {
    try {
      this.#write(followed);
    } catch (error) {
      followed.hasGap = true;
      this.options.logger.error('a log is not kept', { name: followed.name, error });
    }
  }

  #write(followed: FollowedLog): void {
    const { disk } = this.options;
    const bytes = formatLines(followed.waiting);
    followed.waiting = [];
    const before = followed.size;
    const limit = this.#bytes > NODE_BYTES ? SMALL_FILE_BYTES : FILE_BYTES;
    if (!followed.hasGap && before + bytes.length <= limit) {
      disk.writeBytes(followed.name, before, bytes);
      followed.size = before + bytes.length;
    } else {
      const all = lastLines(formatLines(followed.log.lines()), limit / 2);
      disk.replaceBytes(followed.name, all);
      followed.size = all.length;
      followed.hasGap = false;
    }
    this.#bytes += followed.size - before;
  }
}

const NEWLINE = 10;

/** The end of a text, from the beginning of a line on. */
function lastLines(bytes: Uint8Array, limit: number): Uint8Array {
  if (bytes.length <= limit) return bytes;
  const cut = bytes.subarray(bytes.length - limit);
  return cut.subarray(cut.indexOf(NEWLINE) + 1);
}

function fileName(podUid: string, id: string): string {
  return `logs/${podUid}/${id}`;
}

class EndedLog implements ContainerLogReader {
  readonly closed = true;

  constructor(private readonly all: readonly LogLine[]) {}

  lines(): readonly LogLine[] {
    return this.all;
  }

  onLine(): () => void {
    return () => {};
  }

  onClose(): () => void {
    return () => {};
  }
}
