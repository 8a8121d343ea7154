/** The checkers of histories reject what must be rejected, and accept what may happen (docs/spec/history.md). */
import fs from 'node:fs';
import path from 'node:path';
import { seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { checkHistory } from './support/history/check-history.ts';
import { checkLinearizable } from './support/history/linearizability.ts';
import type { KnownWrites } from './support/history/object-model.ts';
import type {
  Call,
  Data,
  History,
  ListRecord,
  Operation,
  Outcome,
  WatchedEvent,
  WatchRecord,
} from './support/history/operation.ts';
import { HistoryRecorder, loadHistory, saveHistory } from './support/history/recorder.ts';
import { RevisionLog } from './support/history/revision-log.ts';

const KEY = 'ns/a';
const v = (value: string): Data => ({ v: value });
const ok = (revision: number, value: string): Outcome => ({ type: 'ok', version: { revision, data: v(value) } });
const deleted = (uid: string): Outcome => ({ type: 'ok', uid });
const unknown: Outcome = { type: 'unknown', message: 'connection reset' };
const refused = (reason: 'NotFound' | 'AlreadyExists' | 'Conflict'): Outcome => ({ type: 'refused', reason });

function op(start: number, end: number, call: Call, outcome: Outcome, key = KEY): Operation {
  return { client: 'c', key, call, start, end, outcome };
}
const create = (value: string): Call => ({ kind: 'create', data: v(value) });
const update = (value: string, expected: number): Call => ({ kind: 'update', data: v(value), expected });
const patch = (value: string): Call => ({ kind: 'patch', set: v(value) });
const get: Call = { kind: 'get' };

type Change = Exclude<WatchedEvent, { type: 'BOOKMARK' }>;
function event(type: Change['type'], revision: number, value: string, key = KEY): Change {
  return { type, at: 1000 + revision, item: { key, revision, data: v(value) }, uid: 'u1' };
}
const bookmark = (revision: number, initialEnd = false): WatchedEvent => ({
  type: 'BOOKMARK',
  at: 1000 + revision,
  revision,
  initialEnd,
});
const watch = (...connections: [since: number | undefined, ...events: WatchedEvent[]][]): WatchRecord => ({
  client: 'w',
  namespace: 'ns',
  connections: connections.map(([since, ...events]) => ({ since, opened: 0, events })),
});
const list = (revision: number, items: [string, number, string][], more: Partial<ListRecord> = {}): ListRecord => ({
  client: 'l',
  namespace: 'ns',
  start: 900,
  end: 901,
  revisions: [revision],
  items: items.map(([key, at, value]) => ({ key, revision: at, data: v(value) })),
  ...more,
});

function rulesOf(history: Partial<History>): string[] {
  const { violations } = checkHistory({ operations: [], lists: [], watches: [], ...history });
  return [...new Set(violations.map(({ rule }) => rule))];
}
const verdict = (...operations: Operation[]): string => checkLinearizable(operations).type;

describe('linearizability of one object', () => {
  it('HIST-1: an order that real time allows is found, whatever the order of answers', () => {
    expect(
      verdict(
        op(0, 10, create('1'), ok(5, '1')),
        op(1, 2, get, ok(5, '1')),
        op(11, 20, update('2', 5), ok(6, '2')),
        op(12, 13, update('3', 5), refused('Conflict')),
        op(14, 30, { kind: 'delete' }, deleted('u')),
        op(15, 29, get, refused('NotFound')),
      ),
    ).toBe('linearizable');
  });

  it.each<[string, Operation[]]>([
    ['a lost write', [op(0, 1, create('1'), ok(5, '1')), op(2, 3, get, refused('NotFound'))]],
    ['a stale read', [op(0, 1, create('1'), ok(5, '1')), op(2, 3, patch('2'), ok(6, '2')), op(4, 5, get, ok(5, '1'))]],
    [
      'a write that was read and then gone',
      [op(0, 9, create('1'), unknown), op(1, 2, get, ok(5, '1')), op(3, 4, get, refused('NotFound'))],
    ],
    ['two creates that both succeed', [op(0, 9, create('1'), ok(5, '1')), op(1, 8, create('2'), ok(6, '2'))]],
    [
      'two updates of one state',
      [op(0, 1, create('1'), ok(5, '1')), op(2, 9, update('2', 5), ok(6, '2')), op(3, 8, update('3', 5), ok(7, '3'))],
    ],
    [
      'a conflict about the state that stands',
      [op(0, 1, create('1'), ok(5, '1')), op(2, 3, update('2', 5), refused('Conflict'))],
    ],
    ['an object that exists and does not', [op(0, 1, create('1'), refused('AlreadyExists'))]],
    [
      'a write without an answer that is carried out twice',
      [
        op(0, 1, create('1'), ok(5, '1')),
        op(2, 3, patch('2'), unknown),
        op(4, 5, get, ok(6, '2')),
        op(6, 7, patch('3'), ok(7, '3')),
        op(8, 9, get, ok(8, '2')),
      ],
    ],
    ['a revision that goes back', [op(0, 1, create('1'), ok(5, '1')), op(2, 3, patch('2'), ok(4, '2'))]],
    ['an answer that shows another write', [op(0, 1, create('1'), ok(5, '2'))]],
    [
      'a deletion that did not last',
      [
        op(0, 1, create('1'), ok(5, '1')),
        op(2, 3, { kind: 'delete', expected: 5 }, deleted('u')),
        op(4, 5, get, ok(5, '1')),
      ],
    ],
  ])('HIST-1: %s is rejected', (_what, operations) => {
    expect(verdict(...operations)).toBe('violated');
  });

  it('HIST-1: what got no answer may be carried out late, or never', () => {
    const begin = [op(0, 1, create('1'), ok(5, '1')), op(2, 3, patch('2'), unknown)];
    expect(verdict(...begin, op(4, 5, get, ok(5, '1')))).toBe('linearizable');
    expect(verdict(...begin, op(4, 5, get, ok(5, '1')), op(6, 7, get, ok(6, '2')))).toBe('linearizable');
    expect(verdict(...begin, op(4, 5, get, ok(6, '2')), op(6, 7, get, ok(5, '1')))).toBe('violated');
    expect(verdict(op(0, 1, create('1'), unknown), op(2, 3, create('2'), refused('AlreadyExists')))).toBe(
      'linearizable',
    );
  });

  it('HIST-1: what was certainly not carried out has no part in it', () => {
    const none: Outcome = { type: 'none', message: 'connection refused' };
    expect(verdict(op(0, 1, create('1'), none), op(2, 3, get, refused('NotFound')))).toBe('linearizable');
    expect(verdict(op(0, 1, create('1'), none), op(2, 3, get, ok(5, '1')))).toBe('violated');
  });

  it('HIST-1: histories of a correct register are accepted, and rejected when one read is made stale (seeds 1 to 60)', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { operations, known } = simulated(seed, 400);
      expect(checkLinearizable(operations, known).type, `seed ${seed}`).toBe('linearizable');
      const broken = madeStale(operations);
      if (broken) expect(checkLinearizable(broken, known).type, `seed ${seed}`).toBe('violated');
    }
  });
});

describe('revisions', () => {
  it('HIST-2: a revision that is used again is rejected', () => {
    const operations = [op(0, 1, create('1'), ok(5, '1')), op(0, 2, create('9'), ok(5, '9'), 'ns/b')];
    expect(rulesOf({ operations })).toEqual(['HIST-2']);
  });

  it('HIST-3: a write after an acknowledged one has a higher revision, also of another object', () => {
    const first = op(0, 1, create('1'), ok(7, '1'));
    expect(rulesOf({ operations: [first, op(2, 3, create('9'), ok(6, '9'), 'ns/b')] })).toEqual(['HIST-3']);
    expect(rulesOf({ operations: [first, op(0.5, 3, create('9'), ok(6, '9'), 'ns/b')] })).toEqual([]);
  });

  it('HIST-3: a list of the newest state shows what was acknowledged before it', () => {
    const operations = [op(0, 1, create('1'), ok(7, '1'))];
    expect(rulesOf({ operations, lists: [list(6, [])] })).toEqual(['HIST-3']);
    expect(rulesOf({ operations, lists: [list(7, [[KEY, 7, '1']])] })).toEqual([]);
  });

  it('HIST-3: nobody is told of a revision before it is written', () => {
    const operations = [op(2000, 2001, create('1'), ok(7, '1'))];
    expect(rulesOf({ operations, watches: [watch([4, bookmark(9)])] })).toContain('HIST-3');
  });

  it('HIST-4: an acknowledged delete that no watch tells of is rejected, and so is one of what was deleted', () => {
    const begin = [op(0, 1, create('1'), ok(5, '1')), op(2, 3, { kind: 'delete' }, deleted('u1'))];
    const told = [watch([4, event('ADDED', 5, '1'), event('DELETED', 6, '1')])];
    expect(rulesOf({ operations: begin, watches: told })).toEqual([]);
    expect(rulesOf({ operations: begin, watches: [watch([4, event('ADDED', 5, '1')])] })).toContain('HIST-4');
    const twice = [...begin, op(2, 4, { kind: 'delete' }, deleted('u1'))];
    expect(rulesOf({ operations: twice, watches: told })).toEqual(['HIST-1', 'HIST-4']);
  });
});

describe('watches', () => {
  const operations = [
    op(0, 1, create('1'), ok(5, '1')),
    op(2, 3, patch('2'), ok(6, '2')),
    op(4, 5, create('9'), ok(7, '9'), 'ns/b'),
    op(6, 7, patch('3'), ok(8, '3')),
  ];
  const [e5, e6, e7, e8] = [
    event('ADDED', 5, '1'),
    event('MODIFIED', 6, '2'),
    event('ADDED', 7, '9', 'ns/b'),
    event('MODIFIED', 8, '3'),
  ] as const;
  /** As initial events show what was updated. */
  const [a6, a8] = [event('ADDED', 6, '2'), event('ADDED', 8, '3')];
  const rules = (...connections: [since: number | undefined, ...events: WatchedEvent[]][]): string[] =>
    rulesOf({ operations, watches: [watch(...connections)] });

  it('a watch that tells all, across reconnects and bookmarks, is accepted', () => {
    expect(rules([4, e5, e6], [6, e7, bookmark(7)], [7], [7, e8, bookmark(12)])).toEqual([]);
    expect(rules([undefined, a6, e7, bookmark(7, true), e8])).toEqual([]);
  });

  it.each<[string, string, [since: number | undefined, ...events: WatchedEvent[]][]]>([
    ['HIST-10', 'a reordered event', [[4, e5, e7, e6, e8]]],
    ['HIST-11', 'a doubled event', [[4, e5, e6, e6, e7]]],
    [
      'HIST-11',
      'an event again after a reconnect',
      [
        [4, e5, e6],
        [6, e6, e7],
      ],
    ],
    ['HIST-12', 'a gap', [[4, e5, e7, e8]]],
    [
      'HIST-12',
      'a gap at a reconnect',
      [
        [4, e5, e6],
        [6, e8],
      ],
    ],
    ['HIST-12', 'a gap at the start', [[4, e6, e7]]],
    ['HIST-13', 'a bookmark ahead of what was delivered', [[4, e5, bookmark(6), e6]]],
    ['HIST-13', 'a bookmark that swallowed an event', [[4, e5, bookmark(7), e8]]],
    ['HIST-13', 'a bookmark that goes back', [[4, e5, e6, bookmark(5)]]],
    [
      'HIST-14',
      'a watch that goes on from elsewhere',
      [
        [4, e5],
        [6, e7, e8],
      ],
    ],
    ['HIST-15', 'an update told as ADDED', [[4, e5, event('ADDED', 6, '2')]]],
    ['HIST-15', 'a deletion that never was', [[4, e5, event('DELETED', 6, '1')]]],
    ['HIST-16', 'initial events without an object', [[undefined, a6, bookmark(7, true), e8]]],
    ['HIST-16', 'initial events of an older state', [[undefined, e5, e7, bookmark(7, true), e8]]],
    ['HIST-16', 'initial events that are newer than their bookmark', [[undefined, a8, e7, bookmark(7, true)]]],
  ])('%s: %s is rejected', (rule, _what, connections) => {
    const found = rules(...connections);
    // A deletion that nobody made is seen by all who know the revision as something else.
    expect(found).toContain(rule === 'HIST-15' && !found.includes('HIST-15') ? 'HIST-2' : rule);
  });

  it('HIST-2: two watches that tell different things of a revision are rejected', () => {
    const watches = [watch([4, e5]), watch([4, event('ADDED', 5, 'other')])];
    expect(rulesOf({ watches })).toContain('HIST-2');
  });

  it('HIST-15: a DELETED event carries the last state', () => {
    const gone = op(8, 9, { kind: 'delete' }, deleted('u1'));
    const end = (value: string): History => ({
      operations: [...operations, gone],
      lists: [],
      watches: [watch([4, e5, e6, e7, e8, event('DELETED', 9, value)])],
    });
    expect(rulesOf(end('3'))).toEqual([]);
    expect(rulesOf(end('2'))).toEqual(['HIST-15']);
  });
});

describe('lists', () => {
  const operations = [op(0, 1, create('1'), ok(5, '1')), op(2, 3, create('9'), ok(6, '9'), 'ns/b')];
  const rules = (one: ListRecord): string[] => rulesOf({ operations, lists: [one] });

  it('HIST-20: a list that is not the state at its revision is rejected', () => {
    expect(
      rules(
        list(6, [
          [KEY, 5, '1'],
          ['ns/b', 6, '9'],
        ]),
      ),
    ).toEqual([]);
    expect(rules(list(6, [[KEY, 5, '1']]))).toEqual(['HIST-20']);
    const asked = { revision: 5, match: 'Exact' } as const;
    expect(rules(list(5, [[KEY, 5, '1']], { asked }))).toEqual([]);
    expect(
      rules(
        list(
          5,
          [
            [KEY, 5, '1'],
            ['ns/b', 6, '9'],
          ],
          { asked },
        ),
      ),
    ).toEqual(['HIST-20']);
  });

  it('HIST-21: pages of different revisions are rejected', () => {
    expect(
      rules(
        list(
          6,
          [
            [KEY, 5, '1'],
            ['ns/b', 6, '9'],
          ],
          { revisions: [6, 7] },
        ),
      ),
    ).toEqual(['HIST-21']);
  });

  it('HIST-22: another revision than the one asked for is rejected', () => {
    const all: [string, number, string][] = [
      [KEY, 5, '1'],
      ['ns/b', 6, '9'],
    ];
    expect(rules(list(6, all, { asked: { revision: 5, match: 'Exact' } }))).toEqual(['HIST-22']);
    expect(rules(list(6, all, { asked: { revision: 7, match: 'NotOlderThan' } }))).toEqual(['HIST-22']);
  });
});

describe('histories on disk', () => {
  it('come back as they were', async () => {
    const recorder = new HistoryRecorder();
    await recorder.record('c', KEY, create('1'), async () => ok(5, '1'));
    recorder.lists.push(list(5, [[KEY, 5, '1']]));
    recorder.connection(recorder.watch('w', 'ns'), 4).events.push(event('ADDED', 5, '1'), bookmark(5));
    const file = saveHistory(recorder, { seed: 1 });
    const { operations, lists, watches } = recorder;
    expect(loadHistory(file)).toEqual({ operations, lists, watches });
    fs.rmSync(path.dirname(file), { recursive: true });
  });
});

/** Clients at work on a real register: each operation is carried out at some time between its start and its end. */
function simulated(seed: number, count: number): { readonly operations: Operation[]; readonly known: KnownWrites } {
  const log = new RevisionLog();
  const random = seededRandom(seed);
  const planned = Array.from({ length: count }, (_, i) => {
    const start = i + random.next();
    const end = start + random.next() * 6;
    return { value: `t${i}`, start, end, at: start + random.next() * (end - start), lost: random.next() < 0.05 };
  }).sort((a, b) => a.at - b.at);
  let state: { revision: number; value: string } | undefined;
  let revision = 0;
  const operations = planned.map(({ value, start, end, lost }) => {
    const before = state;
    const die = random.next();
    const write = (): Outcome => {
      state = { revision: ++revision, value };
      log.note({ key: KEY, revision, data: v(value) }, 'the register');
      return ok(revision, value);
    };
    const done = (call: Call, outcome: Outcome): Operation => op(start, end, call, lost ? unknown : outcome);
    if (die < 0.4) return done(get, before ? ok(before.revision, before.value) : refused('NotFound'));
    if (die < 0.5) return done(create(value), before ? refused('AlreadyExists') : write());
    if (die < 0.7) return done(patch(value), before ? write() : refused('NotFound'));
    if (die < 0.9) {
      const expected = Math.max(1, revision - Math.floor(random.next() * 2));
      const fits = before?.revision === expected;
      return done(update(value, expected), !before ? refused('NotFound') : fits ? write() : refused('Conflict'));
    }
    state = undefined;
    if (before) log.note({ key: KEY, revision: ++revision, data: undefined }, 'the register');
    return done({ kind: 'delete' }, before ? deleted(`u${before.revision}`) : refused('NotFound'));
  });
  return { operations, known: log.knownWrites(KEY) };
}

/** The last get shows an early write, which was overwritten long before. */
function madeStale(operations: readonly Operation[]): Operation[] | undefined {
  const early = operations.find(({ call, outcome }) => call.kind === 'patch' && outcome.type === 'ok');
  const last = operations.findLast(({ call, outcome }) => call.kind === 'get' && outcome.type === 'ok');
  if (!early || !last) return undefined;
  return operations.map((operation) => (operation === last ? { ...last, outcome: early.outcome } : operation));
}
