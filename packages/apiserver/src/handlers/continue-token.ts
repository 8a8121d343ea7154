/**
 * Where a list that was cut goes on (upstream: staging/src/k8s.io/apiserver/pkg/storage/continue.go).
 *
 * A token is base64url of {"v":"meta.k8s.io/v1","rv":REVISION,"start":"KEY\0"}, the key relative to the listed prefix.
 * Revision -1 asks for the newest state instead of the one the list began with.
 */
import { goQuote, parseJson, statusErrors } from '@regatta/api';

const VERSION = 'meta.k8s.io/v1';

export interface ContinuePoint {
  /** -1: the newest state. */
  readonly revision: number;
  /** The key after which to go on. */
  readonly after: string;
}

export function encodeContinue(prefix: string, after: string, revision: number): string {
  const start = `${after.slice(prefix.length)}\0`;
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start })).toString('base64url');
}

/** @throws StatusError 400 */
export function decodeContinue(token: string, prefix: string): ContinuePoint {
  const { v, rv, start } = fields(token);
  if (v !== VERSION) throw invalid(`server does not recognize this encoded version "${String(v)}"`);
  if (typeof start !== 'string' || start === '') throw invalid('encoded start key empty (version meta.k8s.io/v1)');
  if (typeof rv !== 'number' || rv === 0)
    throw invalid('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  const key = start.startsWith('/') ? start.slice(1) : start;
  if (key.split('/').some((part) => part === '..' || part === '.')) {
    throw invalid(`attempted to continue a list from outside the requested prefix`);
  }
  return { revision: rv, after: prefix + (key.endsWith('\0') ? key.slice(0, -1) : key) };
}

function fields(token: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const illegal = token.search(/[^A-Za-z0-9_-]/);
  if (illegal >= 0) throw invalid(`illegal base64 data at input byte ${illegal}`);
  if (token.length % 4 === 1) throw invalid(`illegal base64 data at input byte ${token.length - 1}`);
  const bytes = Buffer.from(token, 'base64url');
  const first = bytes[0] ?? 0;
  // Go names the byte, where a decoder of UTF-8 would only see that it is none.
  if (first >= 0x80) throw invalid(`invalid character ${byteName(first)} looking for beginning of value`);
  let value: unknown;
  try {
    value = parseJson(bytes).value;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  return typeof value === 'object' && value !== null ? value : {};
}

function byteName(byte: number): string {
  return `'${goQuote(String.fromCharCode(byte)).slice(1, -1)}'`;
}

function invalid(why: string): Error {
  return statusErrors.badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
