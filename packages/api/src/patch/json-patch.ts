/**
 * JSON patch, RFC 6902 (upstream: apiserver's handlers/patch.go with evanphx/json-patch 4).
 *
 * What can't be applied is answered by upstream with one generic 422; only what isn't a patch at all is told in detail.
 */
import { cloneJson, isJsonObject, setKey } from '../json/clone-json.ts';
import { jsonEqual } from '../json/json-equal.ts';
import { jsonTypeName } from '../schema/scalars.ts';
import { StatusError, statusErrors } from '../status-error.ts';

/** Upstream's limits: operations of a patch, and bytes that its copy operations may add. */
export const MAX_JSON_PATCH_OPERATIONS = 10_000;
export const MAX_JSON_PATCH_COPY_BYTES = 10 * 3 * 1024 * 1024;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: unknown;
}

/** Returns the patched copy. @throws StatusError 400, 413 or 422 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = readOperations(patch);
  if (operations.length > MAX_JSON_PATCH_OPERATIONS) {
    throw statusErrors.requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${operations.length}`,
    );
  }
  const state: State = { root: cloneJson(document), copied: 0 };
  for (const operation of operations) {
    const apply = Object.hasOwn(OPERATIONS, operation.op) ? OPERATIONS[operation.op] : undefined;
    if (!apply) throw rejected();
    apply(state, operation);
  }
  return state.root;
}

/** A test of a patch that found something else than it says. */
export class JsonPatchTestError extends StatusError {
  constructor() {
    super(rejected().status);
    this.name = 'JsonPatchTestError';
  }
}

/** The answer to a patch that doesn't fit the object. */
function rejected(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  });
}

function readOperations(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) throw undecodable(`${jsonTypeName(patch)} into Go value of type []handlers.jsonPatchOp`);
  return patch.map((item: unknown) => {
    if (!isJsonObject(item)) throw undecodable(`${jsonTypeName(item)} into Go value of type handlers.jsonPatchOp`);
    return { op: text(item, 'op'), path: text(item, 'path'), from: text(item, 'from'), value: item['value'] ?? null };
  });
}

function text(item: Record<string, unknown>, field: string): string {
  const value = item[field] ?? '';
  if (typeof value === 'string') return value;
  throw undecodable(`${jsonTypeName(value)} into Go struct field jsonPatchOp.${field} of type string`);
}

function undecodable(what: string): StatusError {
  return statusErrors.badRequest(`error decoding patch: json: cannot unmarshal ${what}`);
}

interface State {
  root: unknown;
  /** Bytes that copies have added so far. */
  copied: number;
}

const OPERATIONS: Readonly<Record<string, (state: State, operation: Operation) => void>> = {
  add: (state, { path, value }) => add(state, path, cloneJson(value)),
  remove: (state, { path }) => {
    remove(state, path);
  },
  replace: (state, { path, value }) => replace(state, path, cloneJson(value)),
  move: (state, { from, path }) => {
    if (path === from || path.startsWith(`${from}/`)) {
      if (path !== from) throw rejected();
      find(state, from);
      return;
    }
    add(state, path, remove(state, from));
  },
  copy: (state, { from, path }) => {
    const value = find(state, from);
    state.copied += JSON.stringify(value)?.length ?? 0;
    if (state.copied > MAX_JSON_PATCH_COPY_BYTES) throw rejected();
    add(state, path, cloneJson(value));
  },
  test: (state, { path, value }) => {
    if (!jsonEqual(lookUp(state, path) ?? null, cloneJson(value))) throw new JsonPatchTestError();
  },
};

type Container = Record<string, unknown> | unknown[];

/** The container that the pointer's last token is a key of. */
function parentOf(state: State, pointer: string): { readonly parent: Container; readonly key: string } {
  if (!pointer.startsWith('/')) throw rejected();
  const tokens = pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = tokens.pop() ?? '';
  let parent = state.root;
  for (const token of tokens) parent = read(asContainer(parent), token);
  return { parent: asContainer(parent), key };
}

function asContainer(value: unknown): Container {
  if (Array.isArray(value) || isJsonObject(value)) return value;
  throw rejected();
}

function read(parent: Container, key: string): unknown {
  if (Array.isArray(parent)) return parent[existingIndex(parent, key)];
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}

/** Counts from the end when negative, as evanphx/json-patch does. */
function existingIndex(list: readonly unknown[], key: string): number {
  const index = toIndex(key, list.length);
  if (index >= list.length) throw rejected();
  return index;
}

function toIndex(key: string, length: number): number {
  if (!/^-?\d{1,10}$/.test(key)) throw rejected();
  const index = Number(key);
  if (index < -length) throw rejected();
  return index < 0 ? index + length : index;
}

function lookUp(state: State, pointer: string): unknown {
  if (pointer === '') return state.root;
  const { parent, key } = parentOf(state, pointer);
  return read(parent, key);
}

function find(state: State, pointer: string): unknown {
  const value = lookUp(state, pointer);
  if (value === undefined) throw rejected();
  return value;
}

function add(state: State, pointer: string, value: unknown): void {
  const { parent, key } = parentOf(state, pointer);
  if (!Array.isArray(parent)) setKey(parent, key, value);
  else if (key === '-') parent.push(value);
  else {
    // A negative index counts from the end of the list as it will be.
    const index = toIndex(key, parent.length + 1);
    if (index > parent.length) throw rejected();
    parent.splice(index, 0, value);
  }
}

function remove(state: State, pointer: string): unknown {
  const { parent, key } = parentOf(state, pointer);
  if (Array.isArray(parent)) return parent.splice(existingIndex(parent, key), 1)[0];
  if (!Object.hasOwn(parent, key)) throw rejected();
  const value = parent[key];
  delete parent[key];
  return value;
}

function replace(state: State, pointer: string, value: unknown): void {
  if (pointer === '') {
    state.root = value;
    return;
  }
  const { parent, key } = parentOf(state, pointer);
  if (Array.isArray(parent)) parent[existingIndex(parent, key)] = value;
  else if (Object.hasOwn(parent, key)) setKey(parent, key, value);
  else throw rejected();
}
