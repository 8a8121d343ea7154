/**
 * Reads a request's body from a Node stream, up to the limit (upstream: limitedReadBody in endpoints/handlers/rest.go).
 */
import type { Readable } from 'node:stream';
import { statusErrors } from '@regatta/api';
import { HttpLimits } from './limits.ts';

const EMPTY = new Uint8Array(0);

/** @throws StatusError 413; whatever the stream fails with when the caller goes away */
export function readBody(stream: Readable, contentLength: string | undefined): Promise<Uint8Array> | Uint8Array {
  if (contentLength === '0') return EMPTY;
  if (contentLength !== undefined && Number(contentLength) > HttpLimits.bodyBytes) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > HttpLimits.bodyBytes) {
        stream.pause();
        stream.removeAllListeners('data');
        reject(tooLarge());
        return;
      }
      chunks.push(chunk);
    });
    stream.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    stream.once('error', reject);
    // Every stream closes; an error is made only for one that closed before its end.
    stream.once('close', () => {
      if (!stream.readableEnded) reject(statusErrors.badRequest('the request body was cut off'));
    });
  });
}

/** The same for a body that came whole. @throws StatusError 413 */
export function wholeBody(body: Uint8Array): Uint8Array {
  if (body.length > HttpLimits.bodyBytes) throw tooLarge();
  return body;
}

function tooLarge(): Error {
  return statusErrors.requestEntityTooLarge(`limit is ${HttpLimits.bodyBytes}`);
}
