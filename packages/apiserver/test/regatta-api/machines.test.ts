/**
 * Whose a name is over time, and what happens when there is no room.
 */
import { isConflict, isForbidden } from '@regatta/api';
import { ClusterClock, seededRandom } from '@regatta/runtime';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { admitMachine, HOLD_MS, MOST_MACHINES } from '../../src/regatta-api/machines.ts';
import { storageKey } from '../../src/storage/mod.ts';
import { type Opened, Storages } from '../storage/fixture.ts';

const storages = new Storages();
let opened: Opened;
let join: (name: string, key: string) => Promise<string>;

beforeEach(async () => {
  opened = await storages.open();
  const server = { storage: opened.storage, clock: new ClusterClock(opened.clock), random: seededRandom(6) };
  join = async (name, key) => {
    const { ip, replaces } = await admitMachine(server, { name, key });
    return replaces ? `${ip} anew` : ip;
  };
});
afterAll(() => storages.cleanUp());

async function addNode(name: string): Promise<void> {
  await opened.storage.create(storageKey('', 'nodes', undefined, name), { kind: 'Node', metadata: { name } });
}

async function removeNode(name: string): Promise<void> {
  await opened.storage.update(storageKey('', 'nodes', undefined, name), () => 'delete');
}

describe('the machines that joined', () => {
  test('CMP-23: a name is held for its machine until its Node had time to come', async () => {
    await join('node-1', 'first');
    await opened.clock.advance(HOLD_MS - 1);
    await expect(join('node-1', 'second')).rejects.toSatisfy(isConflict);
    await opened.clock.advance(1);
    expect(await join('node-1', 'second')).toBe('192.168.49.2 anew');
    expect(await join('node-1', 'second')).toBe('192.168.49.2');
    await expect(join('node-1', 'first')).rejects.toSatisfy(isConflict);
  });

  test('CMP-29: deleting a Node frees its name for a new machine, with its address; not earlier', async () => {
    const ip = await join('node-1', 'first');
    await addNode('node-1');
    await opened.clock.advance(HOLD_MS * 10);
    await expect(join('node-1', 'second')).rejects.toSatisfy(isConflict);
    await removeNode('node-1');
    expect(await join('node-1', 'second')).toBe(`${ip} anew`);
  });

  test('CMP-31: node-7 has the seventh address, whoever came first; where that is taken, the first free one', async () => {
    expect(await join('node-7', 'a')).toBe('192.168.49.8');
    expect(await join('node-251', 'b')).toBe('192.168.50.2');
    expect(await join('other-7', 'c')).toBe('192.168.49.2');
    expect(await join('node-1', 'd')).toBe('192.168.49.3');
    expect(await join('node-0', 'e')).toBe('192.168.49.4');
    expect(await join('4f1c2d3e4a5b', 'f')).toBe('192.168.49.5');
  });

  test('CMP-30: when there is no room, entries without a Node make some; when there is none, a newcomer is refused', async () => {
    const entry = (ip: string, heldUntil: number) =>
      Buffer.from(JSON.stringify({ ip, key: 'hash', heldUntil })).toString('base64');
    const fill = (heldUntil: number) =>
      Object.fromEntries(
        Array.from({ length: MOST_MACHINES }, (_, i) => [`m-${i}`, entry(`10.0.${i >> 8}.${i & 255}`, heldUntil)]),
      );
    const key = storageKey('', 'secrets', 'kube-system', 'regatta-machines');
    const put = (data: Record<string, string>) =>
      opened.storage.update(key, () => ({
        kind: 'Secret',
        metadata: { name: 'regatta-machines', namespace: 'kube-system', uid: 'u' },
        data,
      }));
    await put(fill(opened.clock.now() + HOLD_MS));
    await expect(join('newcomer', 'key')).rejects.toSatisfy(isForbidden);
    await addNode('m-7');
    await opened.clock.advance(HOLD_MS);
    expect(await join('newcomer', 'key')).toBe('192.168.49.2');
    const kept = opened.storage.get(key)?.object as { data?: Record<string, string> };
    expect(Object.keys(kept.data ?? {}).sort()).toEqual(['m-7', 'newcomer']);
  });
});
