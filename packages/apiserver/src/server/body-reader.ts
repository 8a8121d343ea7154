/**
 * Reads requests' bodies from Node streams (upstream: limitedReadBody in endpoints/handlers/rest.go, and the request
 * deadline of filters/timeout.go).
 *
 * Owns one timer while a body is being read. Invariants: a body is no longer than `bodyBytes`, in within `requestTimeout`,
 * and every piece of it was allowed for by `hold`; what is refused is not read on.
 */
import type { Readable } from 'node:stream';
import { statusErrors } from '@regatta/api';
import type { Clock } from '@regatta/runtime';
import { FlowRefused } from '../flowcontrol/flow-refused.ts';
import type { HoldBytes } from './exchange.ts';
import { HttpLimits } from './limits.ts';

const EMPTY = new Uint8Array(0);
const EXPIRY_INTERVAL = 1000;

interface Reading {
  readonly since: number;
  fail(error: Error): void;
}

export class BodyReader {
  /** In the order in which they began. */
  readonly #readings = new Set<Reading>();
  readonly #clock: Clock;
  #watching = false;

  constructor(
    clock: Clock,
    readonly timeout: number = HttpLimits.requestTimeout,
  ) {
    this.#clock = clock;
  }

  /** Bodies that are being read. */
  get size(): number {
    return this.#readings.size;
  }

  /** @throws StatusError 413 or 504, 400 when the sender goes away, FlowRefused */
  read(stream: Readable, contentLength: string | undefined, hold?: HoldBytes): Promise<Uint8Array> | Uint8Array {
    if (contentLength === '0') return EMPTY;
    if (contentLength !== undefined && Number(contentLength) > HttpLimits.bodyBytes) throw tooLarge();
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (): void => {
        this.#readings.delete(reading);
      };
      const reading: Reading = {
        since: this.#clock.monotonic(),
        fail: (error) => {
          done();
          stream.pause();
          stream.removeAllListeners('data');
          reject(error);
        },
      };
      this.#begin(reading);
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > HttpLimits.bodyBytes) reading.fail(tooLarge());
        else if (hold && !hold(chunk.length)) reading.fail(new FlowRefused());
        else chunks.push(chunk);
      });
      stream.once('end', () => {
        done();
        resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
      });
      // Of the sender's making, whatever Node calls it: no defect of ours.
      stream.once('error', () => reject(cutOff()));
      // Every stream closes; an error is made only for one that closed before its end.
      stream.once('close', () => {
        done();
        if (!stream.readableEnded) reject(cutOff());
      });
    });
  }

  #begin(reading: Reading): void {
    this.#readings.add(reading);
    if (this.#watching) return;
    this.#watching = true;
    this.#clock.setTimer(Math.min(EXPIRY_INTERVAL, this.timeout), () => this.#expire());
  }

  #expire(): void {
    this.#watching = false;
    const now = this.#clock.monotonic();
    for (const reading of this.#readings) {
      if (now - reading.since < this.timeout) break;
      reading.fail(statusErrors.timeout('request did not complete within the allotted timeout', 0));
    }
    const [oldest] = this.#readings;
    if (!oldest) return;
    this.#watching = true;
    this.#clock.setTimer(Math.min(EXPIRY_INTERVAL, this.timeout), () => this.#expire());
  }
}

/** A body that came whole. @throws StatusError 413 */
export function wholeBody(body: Uint8Array): Uint8Array {
  if (body.length > HttpLimits.bodyBytes) throw tooLarge();
  return body;
}

function cutOff(): Error {
  return statusErrors.badRequest('the request body was cut off');
}

function tooLarge(): Error {
  return statusErrors.requestEntityTooLarge(`limit is ${HttpLimits.bodyBytes}`);
}
