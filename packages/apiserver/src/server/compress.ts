/**
 * gzip for large answers (upstream: endpoints/handlers/responsewriters/writers.go): level 1, from 128 KiB on, for those
 * who accept it. Runs on the thread pool.
 */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { FixedResponse, ServerRequest } from './exchange.ts';
import { headerValue } from './exchange.ts';
import { HttpLimits } from './limits.ts';

const gzipAsync = promisify(gzip);

export function wantsGzip(request: ServerRequest, response: FixedResponse, size: number): boolean {
  if (size < HttpLimits.gzipThreshold || response.headers['content-encoding'] !== undefined) return false;
  return acceptsGzip(headerValue(request, 'accept-encoding'));
}

export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  return header.split(',').some((part) => part.split(';')[0]?.trim() === 'gzip');
}

export async function compressed(response: FixedResponse): Promise<FixedResponse> {
  const body = await gzipAsync(joined(response.body), { level: constants.Z_BEST_SPEED });
  return {
    code: response.code,
    headers: { ...response.headers, 'content-encoding': 'gzip', vary: varying(response.headers['vary']) },
    body: [body],
  };
}

/** What else an answer depends on stays said. */
function varying(before: string | string[] = []): string | string[] {
  return before.length === 0 ? 'Accept-Encoding' : [before, 'Accept-Encoding'].flat();
}

/** The parts of a body as one: a single write is cheaper than many, even counting the copy. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}
