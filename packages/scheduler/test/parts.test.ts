import { seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { statusPatch } from '../src/api/status-writer.ts';
import { parseArguments } from '../src/arguments.ts';
import { DecisionLog } from '../src/cycle/decision-log.ts';
import { fitErrorMessage, truncateNote } from '../src/framework/fit-error.ts';
import { unschedulable } from '../src/framework/rejection.ts';
import { Heap } from '../src/queue/heap.ts';
import { makePod } from './fixture.ts';

describe('the heap', () => {
  it('SCH-2: gives the first of what is in it, whatever was added, replaced and removed', () => {
    const random = seededRandom(11);
    const heap = new Heap<{ key: string; rank: number }>(
      (entry) => entry.key,
      (a, b) => a.rank < b.rank || (a.rank === b.rank && a.key < b.key),
    );
    const model = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const key = `k${Math.floor(random.next() * 200)}`;
      const rank = Math.floor(random.next() * 50);
      const what = random.next();
      if (what < 0.6) {
        heap.push({ key, rank });
        model.set(key, rank);
      } else if (what < 0.8) {
        expect(heap.remove(key)?.rank).toBe(model.get(key));
        model.delete(key);
      } else {
        const [first] = [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
        expect(heap.pop()?.key).toBe(first?.[0]);
        if (first) model.delete(first[0]);
      }
      expect(heap.size).toBe(model.size);
    }
  });
});

describe('messages and status', () => {
  it('SCH-20: an event holds at most 1024 characters', () => {
    const reasons = Array.from({ length: 100 }, (_, i) => [`n${i}`, unschedulable('P', `reason number ${i}`)] as const);
    const message = fitErrorMessage({ allNodes: 100, rejections: new Map(reasons) });
    const note = truncateNote(message);
    expect(note).toHaveLength(1024);
    expect(note.endsWith(' ...')).toBe(true);
    expect(truncateNote('short')).toBe('short');
  });

  it('SCH-60: a status is patched only when it says something new; its transition time only when it turned', () => {
    const pod = { ...makePod('p'), status: { phase: 'Pending' } };
    const now = Date.UTC(2026, 0, 1);
    const change = { condition: { reason: 'Unschedulable', message: 'm' } } as const;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: 'm',
      observedGeneration: 1,
    };
    expect(statusPatch(pod, change, now)).toEqual({
      conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    });
    const told = { ...pod, status: { phase: 'Pending', conditions: [condition] } };
    expect(statusPatch(told, change, now)).toBeUndefined();
    const other = { condition: { reason: 'Unschedulable', message: 'other' } } as const;
    expect(statusPatch(told, other, now)).toEqual({ conditions: [{ ...condition, message: 'other' }] });
    expect(statusPatch(told, { nominatedNode: '' }, now)).toBeUndefined();
    expect(statusPatch(told, { nominatedNode: 'n' }, now)).toEqual({ nominatedNodeName: 'n' });
  });

  it('SCH-9: only the last decisions are kept', () => {
    const log = new DecisionLog(2);
    for (const uid of ['a', 'b', 'a', 'c']) {
      log.add({ pod: uid, uid, at: 0, node: 'n', rejections: new Map(), feasible: [] });
    }
    expect(log.list().map((decision) => decision.uid)).toEqual(['a', 'c']);
  });
});

describe('the command line', () => {
  it('takes a bus and credentials, and says what is wrong', () => {
    const needed = ['--bus', 'nats://x', '--credentials', 'f'];
    expect(parseArguments(needed)).toMatchObject({ leaderElect: false, percentageOfNodesToScore: 0, logLevel: 'info' });
    expect(() => parseArguments([])).toThrow('--bus is missing');
    expect(() => parseArguments([...needed, '--percentage-of-nodes-to-score', '101'])).toThrow('is not 0 to 100');
    expect(() => parseArguments([...needed, '--log-level', 'loud'])).toThrow('is none of debug, info, warn, error');
  });
});
