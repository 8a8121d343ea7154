/**
 * Reads a request of an apiserver. What comes over the bus is checked: an apiserver of another version may ask for more.
 */
import { decode, type NodeRequest } from '@regatta/bus';

const OPERATIONS: ReadonlySet<string> = new Set(['logs', 'exec', 'attach']);

/** Undefined for what is no request of this protocol. */
export function parseNodeRequest(bytes: Uint8Array): NodeRequest | undefined {
  const value = decode(bytes);
  if (typeof value !== 'object' || value === null || !('op' in value)) return undefined;
  const texts = ['op', 'namespace', 'pod', 'uid', 'container'] as const;
  const fields = value as Readonly<Record<string, unknown>>;
  if (texts.some((name) => typeof fields[name] !== 'string') || !OPERATIONS.has(String(fields['op']))) return undefined;
  return value as NodeRequest;
}
