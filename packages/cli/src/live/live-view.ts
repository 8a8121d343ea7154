/**
 * A whole frame of `regatta live` from what there is to show, where somebody is, and how large the terminal is. Pure.
 *
 * Narrow terminals have nodes, Pods and feed below each other; from WIDE columns on the feed stands beside them.
 */
import type { LiveModel, LivePod } from './live-model.ts';
import type { LiveState, PanelSizes } from './live-state.ts';
import { chosenPods, feedPanel, nodesPanel, type PanelBox, podsPanel } from './panels.ts';
import { fitted, type StyledLine, span, widthOf } from './styled-line.ts';

export interface Frame {
  readonly lines: readonly StyledLine[];
  readonly sizes: PanelSizes;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const WIDE = 130;
const SMALLEST: TerminalSize = { columns: 40, rows: 12 };

/** @param namespace of the person's own work @param now epoch milliseconds */
export function liveFrame(
  model: LiveModel,
  state: LiveState,
  size: TerminalSize,
  namespace: string,
  now: number,
): Frame {
  const pods = chosenPods(model, state, namespace);
  if (size.columns < SMALLEST.columns || size.rows < SMALLEST.rows) return tooSmall(model, pods, size);
  const boxes = layout(model, size);
  const body = state.help ? help(boxes.body) : panels(model, state, pods, boxes, now);
  return {
    lines: [header(model, size.columns, now), ...body, footer(model, state, size.columns)].map((line) =>
      fitted(line, size.columns),
    ),
    sizes: sizesOf(model, pods, boxes),
  };
}

interface Boxes {
  readonly wide: boolean;
  readonly body: PanelBox;
  readonly nodes: PanelBox;
  readonly pods: PanelBox;
  readonly feed: PanelBox;
}

function layout({ nodes }: LiveModel, { columns, rows }: TerminalSize): Boxes {
  const body = { columns, rows: rows - 2 };
  const wanted = Math.max(1, nodes.length) + 1;
  if (columns >= WIDE) {
    const left = Math.floor(columns * 0.58);
    const top = Math.min(wanted, Math.floor(body.rows * 0.5));
    return {
      wide: true,
      body,
      nodes: { columns: left, rows: top },
      pods: { columns: left, rows: body.rows - top },
      feed: { columns: columns - left - 1, rows: body.rows },
    };
  }
  const top = Math.min(wanted, Math.max(3, Math.floor(body.rows * 0.3)));
  const bottom = Math.max(3, Math.floor(body.rows * 0.36));
  return {
    wide: false,
    body,
    nodes: { columns, rows: top },
    pods: { columns, rows: body.rows - top - bottom },
    feed: { columns, rows: bottom },
  };
}

function panels(model: LiveModel, state: LiveState, pods: readonly LivePod[], boxes: Boxes, now: number): StyledLine[] {
  const left = [
    ...filled(nodesPanel(model, state, boxes.nodes), boxes.nodes),
    ...filled(podsPanel(model.pods.length, pods, state, boxes.pods, now), boxes.pods),
  ];
  const feed = filled(feedPanel(model.feed, state, boxes.feed), boxes.feed);
  if (!boxes.wide) return [...left, ...feed];
  return left.map((line, i) => [...line, span('│', 'dim'), ...(feed[i] ?? [])]);
}

/** Exactly as many lines and columns as the box has. */
function filled(lines: readonly StyledLine[], { columns, rows }: PanelBox): StyledLine[] {
  return Array.from({ length: rows }, (_, i) => fitted(lines[i] ?? [], columns));
}

function header({ cluster, user, nodes, pods }: LiveModel, columns: number, now: number): StyledLine {
  const time = new Date(now).toTimeString().slice(0, 8);
  const left = [
    span(' REGATTA ', 'selected'),
    span(` ${cluster}`, 'strong'),
    span(`  ${nodes.length} nodes · ${pods.length} Pods · you are ${user}`, 'dim'),
  ];
  const gap = columns - widthOf(left) - time.length - 1;
  return gap > 0 ? [...left, span(' '.repeat(gap)), span(time, 'dim')] : left;
}

function footer({ problem }: LiveModel, { typing, filter }: LiveState, columns: number): StyledLine {
  if (typing)
    return [
      span(' /', 'accent'),
      span(filter, 'strong'),
      span('▏', 'accent'),
      span('  Enter keeps, Esc drops the filter', 'dim'),
    ];
  if (problem !== undefined) return [span(` ${problem}`, 'bad')];
  const keys = [
    ['q', 'quit'],
    ['Tab', 'panel'],
    ['↑↓', 'move'],
    ['Enter', 'pick'],
    ['/', 'filter'],
    ['m', 'mine'],
    ['Esc', 'all'],
    ['?', 'help'],
  ] as const;
  const line: StyledLine = keys.flatMap(([key, what]) => [span(` ${key}`, 'accent'), span(` ${what} `, 'dim')]);
  return fitted(line, columns);
}

const HELP = [
  ['Tab, Shift-Tab', 'from panel to panel'],
  ['↑ ↓ j k, PgUp PgDn, Home End', 'move; in the feed, in time'],
  ['Enter', 'on a node: only its Pods'],
  ['/', 'only Pods with this in name, namespace, node or status'],
  ['m', 'only Pods of your namespace'],
  ['Esc', 'all Pods again'],
  ['q, Ctrl-C', 'quit'],
] as const;

const BLOCK_HELP = [
  ['■', 'good', 'a Pod that runs'],
  ['▪', 'warn', 'one that starts, waits or ends'],
  ['✖', 'bad', 'one that fails'],
  ['?', 'bad', 'one whose machine is lost'],
  ['·', 'dim', 'one that is done'],
] as const;

function help({ rows }: PanelBox): StyledLine[] {
  const lines: StyledLine[] = [
    [],
    ...HELP.map(([keys, what]): StyledLine => [span(`  ${keys.padEnd(32)}`, 'accent'), span(what)]),
    [],
    ...BLOCK_HELP.map(([block, style, what]): StyledLine => [span(`  ${block.padEnd(32)}`, style), span(what)]),
    [],
    [span("  The feed's second column: cluster time since somebody last did something.", 'dim')],
    [span('  Any key goes back.', 'dim')],
  ];
  return Array.from({ length: rows }, (_, i) => lines[i] ?? []);
}

function tooSmall(model: LiveModel, pods: readonly LivePod[], { columns, rows }: TerminalSize): Frame {
  const text = `At least ${SMALLEST.columns}x${SMALLEST.rows}, please; this is ${columns}x${rows}. q quits.`;
  const none = { columns: 0, rows: 0 };
  return {
    lines: [fitted([span(text)], columns)],
    sizes: sizesOf(model, pods, { wide: false, body: none, nodes: none, pods: none, feed: none }),
  };
}

function sizesOf({ nodes, feed }: LiveModel, pods: readonly LivePod[], boxes: Boxes): PanelSizes {
  return {
    rows: { nodes: nodes.length, pods: pods.length, feed: feed.length },
    shown: { nodes: boxes.nodes.rows - 1, pods: boxes.pods.rows - 2, feed: boxes.feed.rows - 1 },
    nodes: nodes.map(({ name }) => name),
  };
}
