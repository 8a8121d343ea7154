/**
 * One object as a register: what each request may do to each state, and what it must answer.
 *
 * A write that got no answer leaves a state whose revision is not known; it becomes known with the first answer that shows it.
 * `floor` is the newest revision known to be before such a state: whatever it is, it is above.
 *
 * What is known of the object's writes from elsewhere narrows this down: no write is skipped, and where all are known, one that got
 * no answer was carried out only where the next known write is its own. Without this the search for an order would try
 * unanswered writes everywhere.
 */
import { type Call, canonical, type Data, type Operation, type Version } from './operation.ts';

export interface ObjectState {
  /** Undefined: there is no object. */
  readonly data: Data | undefined;
  /** Undefined: above `floor`, nobody knows. */
  readonly revision: number | undefined;
  readonly floor: number;
}

export const ABSENT: ObjectState = { data: undefined, revision: undefined, floor: 0 };

/** One write of the object: `data` is undefined for its deletion. */
export interface KnownWrite {
  readonly revision: number;
  readonly data: Data | undefined;
}

/** What is known of the object's writes from all clients together. */
export interface KnownWrites {
  /** Whether every write is known: somebody watched all the time. */
  readonly complete: boolean;
  /** The first known write after a revision. */
  after(revision: number): KnownWrite | undefined;
  at(revision: number): KnownWrite | undefined;
}

export const NOTHING_KNOWN: KnownWrites = { complete: false, after: () => undefined, at: () => undefined };

/** A text that is equal for equal states. */
export function stateKey(state: ObjectState): string {
  return `${state.data ? canonical(state.data) : '-'}@${state.revision ?? `>${state.floor}`}`;
}

/** The state after `operation` was carried out on `state`; undefined when it can not have been, or not with this outcome. */
export function step(state: ObjectState, operation: Operation, known: KnownWrites): ObjectState | undefined {
  const { call, outcome } = operation;
  switch (outcome.type) {
    case 'none':
      return state;
    case 'refused':
      return refuses(state, call, outcome.reason) ? state : undefined;
    case 'unknown':
      return carriedOut(state, call, undefined, known);
    case 'ok':
      return carriedOut(state, call, outcome.version, known);
  }
}

function refuses(state: ObjectState, call: Call, reason: 'NotFound' | 'AlreadyExists' | 'Conflict'): boolean {
  switch (reason) {
    case 'NotFound':
      return state.data === undefined && call.kind !== 'create';
    case 'AlreadyExists':
      return state.data !== undefined && call.kind === 'create';
    case 'Conflict': {
      if (state.data === undefined) return false;
      const expected = 'expected' in call ? call.expected : undefined;
      // Without an expectation it means that the server lost too many races: that says nothing of this state.
      return expected === undefined || state.revision !== expected;
    }
  }
}

function carriedOut(
  state: ObjectState,
  call: Call,
  version: Version | undefined,
  known: KnownWrites,
): ObjectState | undefined {
  switch (call.kind) {
    case 'get':
      return version ? shown(state, version) : undefined;
    case 'create':
      return state.data === undefined ? written(state, call.data, version, known) : undefined;
    case 'apply':
      return written(state, { ...state.data, ...call.set }, version, known);
    case 'update':
      return stands(state, call.expected, known) ? written(state, call.data, version, known) : undefined;
    case 'patch':
      return stands(state, call.expected, known)
        ? written(state, { ...state.data, ...call.set }, version, known)
        : undefined;
    case 'delete':
      return stands(state, call.expected, known) ? deleted(state, known) : undefined;
  }
}

/** Whether there is an object, at the expected revision where one is expected. */
function stands(state: ObjectState, expected: number | undefined, known: KnownWrites): boolean {
  if (state.data === undefined) return false;
  if (expected === undefined) return true;
  if (state.revision !== undefined) return state.revision === expected;
  const data = known.at(expected)?.data;
  return expected > state.floor && (data === undefined || canonical(data) === canonical(state.data));
}

function written(
  state: ObjectState,
  data: Data,
  version: Version | undefined,
  known: KnownWrites,
): ObjectState | undefined {
  const floor = state.revision ?? state.floor;
  const next = known.after(floor);
  const isNext = next?.data !== undefined && canonical(next.data) === canonical(data);
  if (!version) {
    if (isNext) return { data, revision: next.revision, floor: next.revision };
    return known.complete ? undefined : { data, revision: undefined, floor };
  }
  if (version.revision <= floor || canonical(version.data) !== canonical(data)) return undefined;
  if (next && next.revision < version.revision) return undefined;
  return { data, revision: version.revision, floor: version.revision };
}

function deleted(state: ObjectState, known: KnownWrites): ObjectState | undefined {
  const floor = state.revision ?? state.floor;
  const next = known.after(floor);
  if (next && next.data === undefined) return { data: undefined, revision: undefined, floor: next.revision };
  return known.complete ? undefined : { data: undefined, revision: undefined, floor };
}

/** A read of `state` that showed `version`: from then on its revision is known. */
function shown(state: ObjectState, version: Version): ObjectState | undefined {
  if (state.data === undefined || canonical(state.data) !== canonical(version.data)) return undefined;
  if (state.revision !== undefined) return state.revision === version.revision ? state : undefined;
  if (version.revision <= state.floor) return undefined;
  return { data: state.data, revision: version.revision, floor: version.revision };
}
