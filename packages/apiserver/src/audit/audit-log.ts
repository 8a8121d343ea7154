/**
 * The audit log: JSON lines in a file that only its owner reads, rotated and bounded
 * (upstream: staging/src/k8s.io/apiserver/plugin/pkg/audit/{log,buffered}, whose mode "batch" this is).
 *
 * Owns: the file and its older parts, `<name>-<time><ext>` beside it. Invariants: a request never waits for it; at most
 * AuditLogLimits records and bytes wait to be written, what comes beyond is dropped and counted; the file is at most
 * `maxSize` bytes (one record more), with at most `maxBackups` older parts, none older than `maxAge`.
 */
import { chmod, type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Logger, Timer } from '@regatta/runtime';
import type { UserInfo } from '../auth/identity.ts';
import { ensurePrivateFolder } from '../pki/files.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { type AuditRecord, auditLine } from './audit-event.ts';
import { type AuditPolicy, type AuditVerdict, auditVerdict } from './audit-policy.ts';
import type { AuditSink } from './audit-sink.ts';

export const AuditLogLimits = {
  /** Records that wait to be written. */
  records: 10_000,
  /** Bytes of bodies that these hold. */
  bytes: 32 * 1024 * 1024,
  /** How long records are gathered before they are written together, milliseconds. */
  gather: 200,
  /** Records that are made into text before others have their turn. */
  batch: 100,
} as const;

export interface AuditLogOptions {
  readonly file: string;
  readonly policy: AuditPolicy;
  /** Bytes of the file before it is put aside. */
  readonly maxSize: number;
  /** Older parts that are kept; 0 for all. */
  readonly maxBackups: number;
  /** How long these are kept, milliseconds; 0 for ever. */
  readonly maxAge: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PRIVATE = 0o600;

export class AuditLog implements AuditSink {
  readonly #options: AuditLogOptions;
  #file: FileHandle | undefined;
  #size = 0;
  #waiting: AuditRecord[] = [];
  #waitingBytes = 0;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;
  /** Records that there was no room for, or that the disk did not take. */
  dropped = 0;
  written = 0;

  private constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** @throws the system's error when the file can't be opened */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const log = new AuditLog(options);
    await ensurePrivateFolder(path.dirname(options.file));
    await log.#open();
    await log.#removeOld();
    return log;
  }

  verdict(user: UserInfo, info: RequestInfo): AuditVerdict {
    return auditVerdict(this.#options.policy, user, info);
  }

  write(record: AuditRecord): void {
    const bytes = bodyBytes(record);
    if (this.#waiting.length >= AuditLogLimits.records || this.#waitingBytes + bytes > AuditLogLimits.bytes) {
      this.dropped++;
      return;
    }
    this.#waiting.push(record);
    this.#waitingBytes += bytes;
    this.#timer ??= this.#options.clock.setTimer(AuditLogLimits.gather, () => this.#flushSoon());
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    this.#flushSoon();
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  #flushSoon(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, AuditLogLimits.batch);
      for (const record of batch) this.#waitingBytes -= bodyBytes(record);
      await this.#append(batch);
    }
  }

  /** A disk that takes nothing must not stop the server: what it did not take is counted. */
  async #append(batch: readonly AuditRecord[]): Promise<void> {
    try {
      const text = Buffer.from((await Promise.all(batch.map(auditLine))).map((line) => `${line}\n`).join(''));
      if (this.#size > 0 && this.#size + text.length > this.#options.maxSize) await this.#rotate();
      const file = this.#file ?? (await this.#open());
      await file.appendFile(text);
      this.#size += text.length;
      this.written += batch.length;
      this.#failed = false;
    } catch (error) {
      this.dropped += batch.length;
      if (!this.#failed) this.#options.logger.warn('the audit log cannot be written', { error });
      this.#failed = true;
    }
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.file, 'a', PRIVATE);
    // One that was there before may have been readable.
    await chmod(this.#options.file, PRIVATE);
    this.#file = file;
    this.#size = (await file.stat()).size;
    return file;
  }

  async #rotate(): Promise<void> {
    const { file, clock } = this.#options;
    await this.#file?.close();
    this.#file = undefined;
    const { dir, name, ext } = path.parse(file);
    const stamp = new Date(clock.now()).toISOString().replaceAll(':', '-').replace('Z', '');
    await rename(file, path.join(dir, `${name}-${stamp}${ext}`));
    await this.#removeOld();
    await this.#open();
  }

  async #removeOld(): Promise<void> {
    const { file, maxBackups, maxAge, clock } = this.#options;
    const { dir, name, ext } = path.parse(file);
    const parts = (await readdir(dir)).filter((one) => one.startsWith(`${name}-`) && one.endsWith(ext)).sort();
    const surplus = maxBackups > 0 ? parts.slice(0, Math.max(0, parts.length - maxBackups)) : [];
    const oldest = maxAge > 0 ? clock.now() - maxAge : Number.NEGATIVE_INFINITY;
    const expired = parts.filter((part) => instantOf(part.slice(name.length + 1, part.length - ext.length)) < oldest);
    for (const part of new Set([...surplus, ...expired])) await rm(path.join(dir, part), { force: true });
  }
}

/** When a part was put aside, from its name: `2026-01-31T10-20-30.123`. */
function instantOf(stamp: string): number {
  const [day = '', time = ''] = stamp.split('T');
  return Date.parse(`${day}T${time.replaceAll('-', ':')}Z`);
}

function bodyBytes({ requestBody, responseBody }: AuditRecord): number {
  return (requestBody?.bytes.length ?? 0) + (responseBody?.bytes.length ?? 0);
}
