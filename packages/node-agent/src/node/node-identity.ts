/**
 * Who a machine is: its machine id lives on its disk, its boot id is new at every start. A node that comes back is
 * recognised by these, never by its address.
 */
import type { Random } from '@regatta/runtime';
import type { NodeDisk } from '../storage/node-disk.ts';

export interface NodeIdentity {
  /** 32 hexadecimal digits, as in /etc/machine-id. */
  readonly machineId: string;
  /** A UUID, as the firmware gives it. */
  readonly systemUuid: string;
  /** A UUID, as in /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
}

export function loadIdentity(disk: NodeDisk, random: Random): NodeIdentity {
  const stored = disk.read('identity');
  const known = isIdentity(stored) ? stored : newIdentity(random);
  if (known !== stored) disk.write('identity', known);
  return { ...known, bootId: random.uuid() };
}

interface StoredIdentity {
  readonly machineId: string;
  readonly systemUuid: string;
}

function newIdentity(random: Random): StoredIdentity {
  return { machineId: random.uuid().replaceAll('-', ''), systemUuid: random.uuid() };
}

function isIdentity(value: unknown): value is StoredIdentity {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'machineId' in value &&
    typeof value.machineId === 'string' &&
    'systemUuid' in value &&
    typeof value.systemUuid === 'string'
  );
}
