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
  if (v !== VERSION) throw invalid(`server does not recognize this encoded version ${v}`);
  if (rv === 0) throw invalid(`incorrect encoded start resourceVersion (version ${VERSION})`);
  if (start === '') throw invalid(`encoded start key empty (version ${VERSION})`);
  const key = start.startsWith('/') ? start.slice(1) : start;
  // A token must not lead out of what it was made for.
  if (key !== '' && key.split('/').some((part) => part === '..' || part === '.' || part === '')) throw invalid(start);
  return { revision: rv, after: prefix + (key.endsWith('\0') ? key.slice(0, -1) : key) };
}

interface Token {
  readonly v: string;
  readonly rv: number;
  readonly start: string;
}

/** The token as Go reads it: what is null or absent is empty. @throws StatusError 400 */
function fields(token: string): Token {
  const value = parsed(token);
  if (value === null) return { v: '', rv: 0, start: '' };
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw invalid(`json: cannot unmarshal ${goKind(value)} into Go value of type storage.continueToken`);
  }
  for (const [name, its] of Object.entries(value)) {
    const type = FIELD_TYPES.get(name);
    if (type !== undefined && its !== null && !fits(its, type)) {
      const what = type === 'int64' && typeof its === 'number' ? `number ${its}` : goKind(its);
      throw invalid(`json: cannot unmarshal ${what} into Go struct field continueToken.${name} of type ${type}`);
    }
  }
  const { v, rv, start } = value as Partial<Record<keyof Token, unknown>>;
  return { v: String(v ?? ''), rv: Number(rv ?? 0), start: String(start ?? '') };
}

const FIELD_TYPES: ReadonlyMap<string, 'string' | 'int64'> = new Map([
  ['v', 'string'],
  ['rv', 'int64'],
  ['start', 'string'],
]);

function fits(value: unknown, type: 'string' | 'int64'): boolean {
  return type === 'string' ? typeof value === 'string' : Number.isSafeInteger(value);
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function parsed(token: string): unknown {
  const illegal = token.search(/[^A-Za-z0-9_-]/);
  if (illegal >= 0) throw invalid(`illegal base64 data at input byte ${illegal}`);
  if (token.length % 4 === 1) throw invalid(`illegal base64 data at input byte ${token.length - 1}`);
  const bytes = Buffer.from(token, 'base64url');
  const first = bytes[0] ?? 0;
  // Go names the byte, where a decoder of UTF-8 would only see that it is none.
  if (first >= 0x80) throw invalid(`invalid character ${byteName(first)} looking for beginning of value`);
  try {
    return parseJson(bytes).value;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function byteName(byte: number): string {
  return `'${goQuote(String.fromCharCode(byte)).slice(1, -1)}'`;
}

function invalid(why: string): Error {
  return statusErrors.badRequest(`invalid continue token: continue key is not valid: ${why}`);
}
