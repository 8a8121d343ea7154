/**
 * Reads a request of an apiserver. What comes over the bus is checked: an apiserver of another version may ask for more.
 */
import { decode, type NodeRequest } from '@regatta/bus';

/** Fields that each operation needs, by type. */
const POD = ['namespace', 'pod', 'uid'] as const;
const FIELDS: Readonly<
  Record<NodeRequest['op'], { readonly texts: readonly string[]; readonly numbers: readonly string[] }>
> = {
  logs: { texts: [...POD, 'container'], numbers: [] },
  exec: { texts: [...POD, 'container'], numbers: [] },
  attach: { texts: [...POD, 'container'], numbers: [] },
  'port-forward': { texts: POD, numbers: [] },
  connect: { texts: POD, numbers: ['port'] },
  dial: { texts: ['ip'], numbers: ['port'] },
  kubelet: { texts: [], numbers: [] },
};

/** Undefined for what is no request of this protocol. */
export function parseNodeRequest(bytes: Uint8Array): NodeRequest | undefined {
  const value = decode(bytes);
  if (typeof value !== 'object' || value === null || !('op' in value) || !isOperation(value.op)) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const { texts, numbers } = FIELDS[value.op];
  const complete =
    texts.every((name) => typeof fields[name] === 'string') && numbers.every((name) => Number.isInteger(fields[name]));
  return complete ? (value as NodeRequest) : undefined;
}

function isOperation(op: unknown): op is NodeRequest['op'] {
  return typeof op === 'string' && Object.hasOwn(FIELDS, op);
}
