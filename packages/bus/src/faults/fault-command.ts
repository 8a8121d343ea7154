/**
 * Reads a FaultCommand from what came over the bus: whoever may send one may still send nonsense.
 *
 * Invariant: what parseFaultCommand returns holds only fields of the vocabulary, each within its bounds.
 */
import {
  type FaultCommand,
  FaultError,
  type LinkEffect,
  type LinkFault,
  LONGEST_DELAY_MS,
  LONGEST_FAULT_MS,
  LONGEST_NAME,
  MOST_FAULTS,
  MOST_PEERS,
} from './fault-protocol.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @throws FaultError `invalid` with one sentence */
export function parseFaultCommand(value: unknown): FaultCommand {
  const { op, ...rest } = fields(value, 'a command');
  switch (op) {
    case 'set':
      return { op, fault: parseFault(rest['fault']) };
    case 'heal':
      return rest['ids'] === undefined ? { op } : { op, ids: names(rest['ids'], 'ids', 0, MOST_FAULTS) };
    case 'freeze':
      return { op, forMs: within(rest['forMs'], 'forMs', LONGEST_FAULT_MS) };
    case 'list':
    case 'kill':
    case 'thaw':
      return { op };
    default:
      throw invalid(`op must be set, heal, list, kill, freeze or thaw, not ${shown(op)}`);
  }
}

function parseFault(value: unknown): LinkFault {
  const { id, peers, direction, effect, forMs } = fields(value, 'fault');
  if (direction !== 'both' && direction !== 'in' && direction !== 'out')
    throw invalid(`direction must be both, in or out, not ${shown(direction)}`);
  return {
    id: name(id, 'id'),
    peers: names(peers, 'peers', 1, MOST_PEERS),
    direction,
    effect: parseEffect(effect),
    forMs: within(forMs, 'forMs', LONGEST_FAULT_MS),
  };
}

function parseEffect(value: unknown): LinkEffect {
  const given = Object.entries(fields(value, 'effect')).filter(([, setting]) => setting !== undefined);
  const [[kind, setting] = ['', undefined], ...more] = given;
  if (more.length > 0 || given.length === 0)
    throw invalid('effect must hold exactly one of drop, delay, duplicate and bandwidth');
  switch (kind) {
    case 'drop':
    case 'duplicate':
      return { [kind]: within(setting, kind, 1) };
    case 'bandwidth':
      return { bandwidth: within(setting, kind, Number.MAX_SAFE_INTEGER) };
    case 'delay':
      return { delay: parseDelay(setting) };
    default:
      throw invalid(`effect must be drop, delay, duplicate or bandwidth, not ${shown(kind)}`);
  }
}

function parseDelay(value: unknown): { readonly ms: number; readonly jitterMs?: number } {
  const { ms, jitterMs } = fields(value, 'delay');
  const delay = { ms: within(ms, 'delay.ms', LONGEST_DELAY_MS) };
  if (jitterMs === undefined || jitterMs === 0) return delay;
  return { ...delay, jitterMs: within(jitterMs, 'delay.jitterMs', LONGEST_DELAY_MS) };
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw invalid(`${what} must be a map, not ${shown(value)}`);
  return value as Fields;
}

function names(value: unknown, what: string, least: number, most: number): string[] {
  if (!Array.isArray(value)) throw invalid(`${what} must be a list, not ${shown(value)}`);
  if (value.length < least || value.length > most)
    throw invalid(`${what} must name from ${least} to ${most}, not ${value.length}`);
  return value.map((entry) => name(entry, what));
}

function name(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_NAME)
    throw invalid(`${what} must be text of 1 to ${LONGEST_NAME} characters, not ${shown(value)}`);
  return value;
}

function within(value: unknown, what: string, most: number): number {
  if (typeof value !== 'number' || !(value > 0 && value <= most))
    throw invalid(`${what} must be a number above 0, at most ${most}, not ${shown(value)}`);
  return value;
}

function invalid(message: string): FaultError {
  return new FaultError('invalid', message);
}

const LONGEST_SHOWN = 40;

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
