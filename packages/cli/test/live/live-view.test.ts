/** What `regatta live` shows, line by line, and what keys do. */
import { describe, expect, it } from 'vitest';
import { keysIn } from '../../src/live/key-names.ts';
import { type LiveModel, nodesOf, podOf } from '../../src/live/live-model.ts';
import { FIRST_STATE, type LiveState, press } from '../../src/live/live-state.ts';
import { liveFrame } from '../../src/live/live-view.ts';
import { plain, widthOf } from '../../src/live/styled-line.ts';
import type { WatchedRow } from '../../src/live/table-watch.ts';

const NOW = new Date(2026, 0, 2, 10, 4, 0).getTime();

function row(name: string, namespace: string, cells: Record<string, string>): WatchedRow {
  return {
    name,
    namespace,
    creationTimestamp: new Date(NOW - 90_000).toISOString(),
    cells: new Map(Object.entries(cells)),
  };
}

function podRow(
  name: string,
  namespace: string,
  node: string,
  status: string,
  more: Record<string, string> = {},
): WatchedRow {
  return row(name, namespace, {
    Ready: status === 'Running' ? '1/1' : '0/1',
    Status: status,
    Restarts: '0',
    Node: node,
    ...more,
  });
}

function model(extra: readonly WatchedRow[] = []): LiveModel {
  const pods = [
    podRow('web-1', 'alice', 'node-1', 'Running'),
    podRow('web-2', 'alice', 'node-2', 'Unknown'),
    podRow('sad', 'bob', 'node-1', 'CrashLoopBackOff', { Restarts: '4 (3s ago)' }),
    podRow('new', 'bob', '<none>', 'Pending'),
    ...extra,
  ].map(podOf);
  const faults = {
    faults: [{ id: 'x', on: 'node-3', peers: [], direction: 'both', effect: { drop: 1 }, leftMs: 1000 }],
    frozen: [],
    silent: ['node-2'],
  } as const;
  const nodes = [
    row('node-1', '', { Status: 'Ready' }),
    row('node-2', '', { Status: 'NotReady,SchedulingDisabled' }),
    row('node-3', '', { Status: 'Ready' }),
  ];
  return {
    cluster: 'regatta',
    user: 'alice',
    nodes: nodesOf(nodes, pods, faults),
    pods,
    feed: [
      { time: '10:02:03', since: '', who: 'alice', text: 'killed node-2', kind: 'did', tone: 'plain' },
      {
        time: '10:02:07',
        since: '+40s',
        who: 'cluster',
        text: 'node-2 NotReady: 1 Pod unreachable',
        kind: 'happened',
        tone: 'bad',
      },
    ],
    problem: undefined,
  };
}

function screen(shown: LiveModel, state: LiveState, columns: number, rows: number): string[] {
  const { lines } = liveFrame(shown, state, { columns, rows }, 'alice', NOW);
  for (const line of lines) expect(widthOf(line), plain(line)).toBeLessThanOrEqual(columns);
  return lines.map((line) => plain(line).trimEnd());
}

describe('the live view', () => {
  it('WS-40: shows nodes, Pods and feed below each other at 80x24', () => {
    expect(screen(model(), FIRST_STATE, 80, 24)).toEqual([
      ' REGATTA  regatta  3 nodes · 4 Pods · you are alice                    10:04:00',
      '── Nodes  2 of 3 ready ─────────────────────────────────────────────────────────',
      ' node-1 Ready    ■✖',
      ' node-2 NotReady cordoned ? silent',
      ' node-3 Ready     cut off',
      '── Pods  4 · 1 running · 1 waiting · 1 failing · 1 lost ────────────────────────',
      ' NAMESPACE  NAME                       READY STATUS           RST NODE     AGE',
      '▌alice      web-1                      1/1   Running          0   node-1   90s',
      ' alice      web-2                      0/1   Unknown          0   node-2   90s',
      ' bob        sad                        0/1   CrashLoopBackOff 4   node-1   90s',
      ' bob        new                        0/1   Pending          0   -        90s',
      ...Array.from({ length: 5 }, () => ''),
      '── Feed  who did what ──────────────────────────────────────────────────────────',
      ' 10:02:03        alice   killed node-2',
      ' 10:02:07   +40s cluster node-2 NotReady: 1 Pod unreachable',
      ...Array.from({ length: 4 }, () => ''),
      ' q quit  Tab panel  ↑↓ move  Enter pick  / filter  m mine  Esc all  ? help',
    ]);
  });

  it('WS-40: has the feed beside them at 200x60', () => {
    const lines = screen(model(), FIRST_STATE, 200, 60);
    expect(lines).toHaveLength(60);
    expect(lines[1]).toMatch(/^── Nodes {2}2 of 3 ready ─+│── Feed {2}who did what ─+$/);
    expect(lines[2]).toMatch(/^ node-1 Ready {4}■✖ +│ 10:02:03 {8}alice {3}killed node-2$/);
  });

  it.each([
    [40, 12],
    [80, 24],
    [129, 30],
    [130, 30],
    [200, 60],
    [300, 100],
  ])('WS-40: fits %i x %i, also with hundreds of Pods and long, wide and evil names', (columns, rows) => {
    const evil = Array.from({ length: 300 }, (_, i) =>
      podRow(`世界\u001b[2J-${'x'.repeat(i)}`, '\u202Ens', 'node-1', 'Run\u0007ning'),
    );
    for (const at of [0, 150, 10_000]) {
      const state = { ...FIRST_STATE, at: { ...FIRST_STATE.at, pods: at } };
      const lines = screen(model(evil), state, columns, rows);
      expect(lines).toHaveLength(rows);
      expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(lines.some((line) => line.startsWith('▌'))).toBe(true);
    }
  });

  it('WS-40: a terminal that is too small is told so', () => {
    expect(screen(model(), FIRST_STATE, 30, 8)).toEqual(['At least 40x12, please; this …']);
  });

  it('WS-41: keys filter, choose, look back and quit', () => {
    const shown = model();
    const after = (keys: string): LiveState => {
      let state = FIRST_STATE;
      for (const key of keysIn(keys))
        state = press(state, key, liveFrame(shown, state, { columns: 80, rows: 24 }, 'alice', NOW).sizes);
      return state;
    };
    const podsAfter = (keys: string): string[] =>
      screen(shown, after(keys), 80, 24)
        .slice(7, 11)
        .map((line) => line.slice(12, 18).trim());
    expect(podsAfter('/crash')).toEqual(['sad', '', '', '']);

    expect(podsAfter('/crash\x1b')).toEqual(['web-1', 'web-2', 'sad', 'new']);
    expect(podsAfter('m')).toEqual(['web-1', 'web-2', '', '']);
    expect(podsAfter('\x1b[Z\x1b[B\r')).toEqual(['web-2', '', '', '']);
    expect(after('G').at.pods).toBe(3);
    expect(after('jjk').at.pods).toBe(1);
    expect(after('\t\x1b[A').at.feed).toBe(1);
    expect([after('q').quit, after('\x03').quit, after('/q').quit, after('/q\x03').quit]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(screen(shown, after('?'), 80, 24).join('\n')).toContain('one whose machine is lost');
    expect(after('?x').help).toBe(false);
    expect(after('\x1b[99~\x1b]0;x')).toMatchObject({ quit: false });
  });

  it("WS-41: what can't be shown is told at the bottom", () => {
    const lines = screen(
      { ...model(), problem: 'The API server does not answer; waiting for it.' },
      FIRST_STATE,
      80,
      24,
    );
    expect(lines.at(-1)).toBe(' The API server does not answer; waiting for it.');
  });
});
