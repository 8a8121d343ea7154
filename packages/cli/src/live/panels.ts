/**
 * The three parts of a live view, each as lines of a given size: nodes, Pods, feed.
 */
import { textWidth } from '@regatta/runtime';
import { age } from '../table.ts';
import type { Health, LiveFeedLine, LiveModel, LiveNode, LivePod } from './live-model.ts';
import type { LiveState } from './live-state.ts';
import { cell, type Span, type Style, type StyledLine, span, widthOf } from './styled-line.ts';

export interface PanelBox {
  readonly columns: number;
  /** With its title. */
  readonly rows: number;
}

const COLOURS: Readonly<Record<Health, Style>> = {
  good: 'good',
  waiting: 'warn',
  bad: 'bad',
  lost: 'bad',
  done: 'dim',
};
const BLOCKS: Readonly<Record<Health, string>> = { good: '■', waiting: '▪', bad: '✖', lost: '?', done: '·' };
const MARK = '▌';
/** Columns of the shortest names in the feed. */
const LEAST_WHO = 7;

/** The Pods that the view is about. */
export function chosenPods({ pods, user }: LiveModel, { filter, ownOnly }: LiveState, namespace: string): LivePod[] {
  const wanted = filter.toLowerCase();
  const own = namespace || user;
  return pods.filter(
    (pod) =>
      (!ownOnly || pod.namespace === own) &&
      (wanted === '' || `${pod.namespace}/${pod.name} ${pod.node} ${pod.status}`.toLowerCase().includes(wanted)),
  );
}

export function nodesPanel({ nodes }: LiveModel, state: LiveState, box: PanelBox): StyledLine[] {
  const ready = nodes.filter((node) => node.ready).length;
  const title = heading('Nodes', `${ready} of ${nodes.length} ready`, state.focus === 'nodes', box.columns);
  if (nodes.length === 0) return [title, note('No machines have joined yet.')];
  const width = Math.min(24, Math.max(...nodes.map(({ name }) => name.length)));
  const { from, rows, chosen } = portion(nodes, state.at.nodes, box.rows - 1);
  return [
    title,
    ...rows.map((node, i) => nodeLine(node, width, box.columns, state.focus === 'nodes' && from + i === chosen)),
  ];
}

function nodeLine(node: LiveNode, nameColumns: number, columns: number, chosen: boolean): StyledLine {
  const [status = ''] = node.status.split(',');
  const cordoned = node.status.includes('SchedulingDisabled') ? ' cordoned' : '';
  const head = [
    mark(chosen),
    cell(node.name, nameColumns + 1, chosen ? 'strong' : undefined),
    cell(status + cordoned, cordoned === '' ? 9 : 18, node.ready ? 'good' : 'bad'),
  ];
  const faults = node.faults.length === 0 ? [] : [span(` ${node.faults.join(', ')}`, 'warn')];
  const left = columns - widthOf(head) - widthOf(faults) - 1;
  return [...head, ...blocks(node.pods, left), ...faults];
}

/** A block for each Pod, as far as there is room. */
function blocks(pods: readonly LivePod[], columns: number): Span[] {
  if (pods.length <= columns) return runs(pods);
  const more = ` +${pods.length}`;
  const shown = Math.max(0, columns - more.length);
  return [...runs(pods.slice(0, shown)), span(` +${pods.length - shown}`, 'dim')];
}

/** Neighbours of one colour are one piece. */
function runs(pods: readonly LivePod[]): Span[] {
  const spans: { text: string; style: Style }[] = [];
  for (const { health } of pods) {
    const last = spans.at(-1);
    if (last?.style === COLOURS[health]) last.text += BLOCKS[health];
    else spans.push({ text: BLOCKS[health], style: COLOURS[health] });
  }
  return spans;
}

export function podsPanel(
  all: number,
  pods: readonly LivePod[],
  state: LiveState,
  box: PanelBox,
  now: number,
): StyledLine[] {
  const title = heading('Pods', podSummary(all, pods, state), state.focus === 'pods', box.columns);
  if (pods.length === 0) {
    const why = all === 0 ? 'No Pods yet: kubectl create deployment web --image=nginx' : 'No Pod fits; Esc shows all.';
    return [title, note(why)];
  }
  const columns = podColumns(box.columns);
  const head: StyledLine = [
    span(' '),
    ...['NAMESPACE', 'NAME', 'READY', 'STATUS', 'RST', 'NODE', 'AGE'].map((name, i) =>
      cell(name, columns[i] ?? 0, 'dim'),
    ),
  ];
  const { from, rows, chosen } = portion(pods, state.at.pods, box.rows - 2);
  return [
    title,
    head,
    ...rows.map((pod, i) => podLine(pod, columns, state.focus === 'pods' && from + i === chosen, now)),
  ];
}

function podSummary(all: number, pods: readonly LivePod[], { filter, ownOnly }: LiveState): string {
  const count = (health: Health): number => pods.filter((pod) => pod.health === health).length;
  const parts = [
    ...(
      [
        ['running', 'good'],
        ['waiting', 'waiting'],
        ['failing', 'bad'],
        ['lost', 'lost'],
        ['done', 'done'],
      ] as const
    ).flatMap(([word, health]) => (count(health) > 0 ? [`${count(health)} ${word}`] : [])),
  ];
  const narrowed = filter !== '' || ownOnly;
  const which = [ownOnly ? 'mine' : '', filter === '' ? '' : `/${filter}`].filter(Boolean).join(' ');
  const number = narrowed ? `${pods.length} of ${all} (${which})` : String(all);
  return [number, ...parts].join(' · ');
}

/** Widths of namespace, name, ready, status, restarts, node, age; the name takes what is left. */
function podColumns(total: number): number[] {
  const wide = total >= 100;
  const fixed = {
    namespace: wide ? 16 : 11,
    ready: 6,
    status: wide ? 20 : 17,
    restarts: 4,
    node: wide ? 16 : 9,
    age: 5,
  };
  const rest = Object.values(fixed).reduce((sum, width) => sum + width, 1);
  return [
    fixed.namespace,
    Math.max(10, total - rest),
    fixed.ready,
    fixed.status,
    fixed.restarts,
    fixed.node,
    fixed.age,
  ];
}

function podLine(pod: LivePod, columns: readonly number[], chosen: boolean, now: number): StyledLine {
  const at = (i: number): number => columns[i] ?? 0;
  const restarted = pod.restarts !== '0' && pod.restarts !== '';
  return [
    mark(chosen),
    spaced(pod.namespace, at(0), 'dim'),
    spaced(pod.name, at(1), chosen ? 'strong' : undefined),
    spaced(pod.ready, at(2)),
    spaced(pod.status, at(3), COLOURS[pod.health]),
    spaced(pod.restarts, at(4), restarted ? 'warn' : 'dim'),
    spaced(pod.node || '-', at(5)),
    spaced(age(now - pod.createdAt), at(6), 'dim'),
  ];
}

export function feedPanel(feed: readonly LiveFeedLine[], state: LiveState, box: PanelBox): StyledLine[] {
  const back = Math.min(state.at.feed, Math.max(0, feed.length - 1));
  const detail = back === 0 ? 'who did what' : `${back} lines back; End comes to the newest`;
  const title = heading('Feed', detail, state.focus === 'feed', box.columns);
  if (feed.length === 0) return [title, note('Nothing has happened yet.')];
  const end = feed.length - back;
  const shown = feed.slice(Math.max(0, end - box.rows + 1), end);
  const whoColumns = shown.reduce((widest, { who }) => Math.max(widest, textWidth(who)), LEAST_WHO);
  return [title, ...shown.map((line) => feedLine(line, whoColumns, box.columns))];
}

function feedLine(
  { time, since, who, text, kind, tone }: LiveFeedLine,
  whoColumns: number,
  columns: number,
): StyledLine {
  const did = kind === 'did';
  const words = tone === 'plain' ? (did ? undefined : 'dim') : tone;
  return [
    span(' '),
    cell(time, 9, 'dim'),
    ...(columns >= 60 ? [cell(since.padStart(6), 7, 'dim')] : []),
    cell(who, whoColumns + 1, did ? 'accent' : 'dim'),
    span(text, words),
  ];
}

/** The text with a space behind it at least. */
function spaced(text: string, columns: number, style?: Style): Span {
  const { text: fitting } = cell(text, columns - 1, style);
  return { text: `${fitting} `, style };
}

function mark(chosen: boolean): Span {
  return { text: chosen ? MARK : ' ', style: 'accent' };
}

function note(text: string): StyledLine {
  return [span(`  ${text}`, 'dim')];
}

/** `── Pods  12 · 3 waiting ─────` */
function heading(name: string, detail: string, focused: boolean, columns: number): StyledLine {
  const head = [
    span('── ', focused ? 'accent' : 'dim'),
    span(name, focused ? 'title' : 'strong'),
    span(`  ${detail} `, 'dim'),
  ];
  const left = Math.max(0, columns - widthOf(head));
  return [...head, { text: '─'.repeat(left), style: focused ? 'accent' : 'dim' }];
}

interface Portion<T> {
  readonly from: number;
  readonly rows: readonly T[];
  /** The chosen row, which is among them. */
  readonly chosen: number;
}

/** What fits, with the chosen row in it. */
function portion<T>(all: readonly T[], at: number, room: number): Portion<T> {
  const chosen = Math.min(at, all.length - 1);
  const from = Math.max(0, Math.min(chosen - Math.floor(room / 2), all.length - room));
  return { from, rows: all.slice(from, from + Math.max(0, room)), chosen };
}
