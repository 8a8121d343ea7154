/**
 * The machines that joined: which key a name belongs to, and the address that each has in the emulated network.
 *
 * Owns the Secret kube-system/regatta-machines, an entry a machine. Invariants: a name is only ever given to the key that
 * had it, until its Node is gone; no address is given twice, also not by two servers at once (one object, compare and
 * swap); keys are kept as hashes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type KubeObject, type Node, type Secret, statusErrors } from '@regatta/api';
import { SECRETS } from '../auth/resource-refs.ts';
import { fillSystemFields } from '../registry/object-metadata.ts';
import type { ServerContext } from '../server/context.ts';
import { type StoredObject, storageKey } from '../storage/object-storage.ts';

/** Entries of machines whose Node is gone make room beyond this many. */
export const MOST_MACHINES = 5000;
/** How long a name that was given waits for its Node, real milliseconds. */
export const HOLD_MS = 60_000;

const KEY = storageKey('', 'secrets', 'kube-system', 'regatta-machines');
const NODES = storageKey('', 'nodes');
const HOSTS_PER_RANGE = 250;
const FIRST_RANGE = 49;
const LAST_RANGE = 255;

export interface MachineRequest {
  readonly name: string;
  /** What the machine proves itself with from now on. */
  readonly key: string;
}

interface Machine {
  readonly ip: string;
  /** SHA-256 of its key, base64. */
  readonly key: string;
  /** Until this instant the name is the machine's, also without a Node. */
  readonly heldUntil: number;
}

type Server = Pick<ServerContext, 'storage' | 'clock' | 'random'>;

export interface Admission {
  readonly ip: string;
  /** The name was another machine's before, whose Node is gone. */
  readonly replaces: boolean;
}

/**
 * Gives a machine its name, for good, and the address that goes with it.
 * @throws StatusError 409 when the name is another's, 403 when there is no room
 */
export async function admitMachine(server: Server, request: MachineRequest): Promise<Admission> {
  let admission: Admission = { ip: '', replaces: false };
  await server.storage.update<Secret>(KEY, (current) => {
    const machines = readMachines(current);
    const machine = admit(machines, request, nodeAddresses(server), server.clock.now());
    const before = machines.get(request.name);
    admission = { ip: machine.ip, replaces: before !== undefined && before.key !== machine.key };
    machines.set(request.name, machine);
    return stored(server, current, machines);
  });
  return admission;
}

/** Decides, from all that is known. Drops entries that nobody needs when there are too many. */
function admit(
  machines: Map<string, Machine>,
  { name, key }: MachineRequest,
  nodes: ReadonlyMap<string, string | undefined>,
  now: number,
): Machine {
  const hash = createHash('sha256').update(key).digest('base64');
  const known = machines.get(name);
  const heldUntil = now + HOLD_MS;
  if (known && equal(known.key, hash)) return { ...known, heldUntil };
  if (nodes.has(name) || (known && known.heldUntil > now)) throw nameTaken(name);
  // Its Node is gone, by somebody's hand: the name is free, and its address with it.
  if (known) return { ip: known.ip, key: hash, heldUntil };
  if (machines.size >= MOST_MACHINES) dropAbsent(machines, nodes, now);
  const taken = new Set([...[...machines.values()].map(({ ip }) => ip), ...nodes.values()]);
  const ip = machines.size < MOST_MACHINES ? freeAddress(name, taken) : undefined;
  if (ip === undefined)
    throw statusErrors.forbidden({ group: '', resource: 'nodes' }, name, 'there is no room for more machines');
  return { ip, key: hash, heldUntil };
}

function nameTaken(name: string): Error {
  const why = 'another machine has this name; delete its Node first, if that machine is gone';
  return statusErrors.conflict({ group: '', resource: 'nodes' }, name, why);
}

function dropAbsent(machines: Map<string, Machine>, nodes: ReadonlyMap<string, unknown>, now: number): void {
  for (const [name, { heldUntil }] of machines) if (!nodes.has(name) && heldUntil <= now) machines.delete(name);
}

/** In the network that a local cluster's machines have too: node-7 has the seventh address, unless it is taken. */
function freeAddress(name: string, taken: ReadonlySet<string | undefined>): string | undefined {
  const [, digits] = /(?:^|-)(\d{1,4})$/.exec(name) ?? [];
  const wanted = digits === undefined ? undefined : address(Number(digits) - 1);
  if (wanted !== undefined && !taken.has(wanted)) return wanted;
  for (let index = 0; ; index++) {
    const ip = address(index);
    if (ip === undefined || !taken.has(ip)) return ip;
  }
}

/** The address of a machine by its index, from 192.168.49.2 upwards; undefined beyond the network. */
function address(index: number): string | undefined {
  const range = FIRST_RANGE + Math.floor(index / HOSTS_PER_RANGE);
  return index < 0 || range > LAST_RANGE ? undefined : `192.168.${range}.${(index % HOSTS_PER_RANGE) + 2}`;
}

/** The internal address of each Node, by name: also of machines that did not join this way. */
function nodeAddresses({ storage }: Server): Map<string, string | undefined> {
  const list = storage.list(NODES, {});
  if (list instanceof Promise) throw new TypeError('the newest state is read from memory');
  return new Map(
    list.items.map(({ object }) => {
      const { addresses } = (object as Node).status ?? {};
      return [object.metadata.name, addresses?.find(({ type }) => type === 'InternalIP')?.address];
    }),
  );
}

function equal(kept: string, given: string): boolean {
  return kept.length === given.length && timingSafeEqual(Buffer.from(kept), Buffer.from(given));
}

function readMachines(current: StoredObject<Secret> | undefined): Map<string, Machine> {
  const entries = Object.entries(current?.object.data ?? {});
  return new Map(entries.map(([name, text]) => [name, JSON.parse(Buffer.from(text, 'base64').toString()) as Machine]));
}

function stored(
  { clock, random }: Server,
  current: StoredObject<Secret> | undefined,
  machines: ReadonlyMap<string, Machine>,
): Secret {
  const data = Object.fromEntries(
    [...machines].map(([name, machine]) => [name, Buffer.from(JSON.stringify(machine)).toString('base64')]),
  );
  if (current) return { ...current.object, data };
  const fresh: Secret = {
    kind: SECRETS.kind,
    apiVersion: 'v1',
    metadata: { name: 'regatta-machines', namespace: 'kube-system' },
    type: 'Opaque',
    data,
  };
  fillSystemFields(fresh as KubeObject, clock.now(), random);
  return fresh;
}
