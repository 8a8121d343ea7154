/**
 * Where somebody is in a live view, and what keys do to that. Pure: a key makes a new state.
 */
export type Panel = 'nodes' | 'pods' | 'feed';

export interface LiveState {
  readonly focus: Panel;
  /** The chosen row of each panel; of the feed how far back from its end. */
  readonly at: Readonly<Record<Panel, number>>;
  /** Only Pods whose name, namespace, node or status holds this. */
  readonly filter: string;
  readonly typing: boolean;
  /** Only Pods of this namespace. */
  readonly ownOnly: boolean;
  readonly help: boolean;
  readonly quit: boolean;
}

export const FIRST_STATE: LiveState = {
  focus: 'pods',
  at: { nodes: 0, pods: 0, feed: 0 },
  filter: '',
  typing: false,
  ownOnly: false,
  help: false,
  quit: false,
};

/** How many rows each panel has, and how many it shows. */
export interface PanelSizes {
  readonly rows: Readonly<Record<Panel, number>>;
  readonly shown: Readonly<Record<Panel, number>>;
  /** The names of nodes in their order. */
  readonly nodes: readonly string[];
}

const PANELS: readonly Panel[] = ['nodes', 'pods', 'feed'];
const LONGEST_FILTER = 40;

export function press(state: LiveState, key: string, sizes: PanelSizes): LiveState {
  if (key === 'ctrl-c') return { ...state, quit: true };
  if (state.typing) return typed(state, key);
  if (state.help) return { ...state, help: false };
  const page = Math.max(1, sizes.shown[state.focus] - 1);
  // The feed ends at its newest line, at the bottom: up goes back.
  const down = state.focus === 'feed' ? -1 : 1;
  switch (key) {
    case 'q':
      return { ...state, quit: true };
    case '?':
    case 'h':
      return { ...state, help: true };
    case 'tab':
      return { ...state, focus: next(state.focus, 1) };
    case 'shift-tab':
      return { ...state, focus: next(state.focus, -1) };
    case 'down':
    case 'j':
      return moved(state, down, sizes);
    case 'up':
    case 'k':
      return moved(state, -down, sizes);
    case 'page-down':
      return moved(state, down * page, sizes);
    case 'page-up':
      return moved(state, -down * page, sizes);
    case 'home':
    case 'g':
      return moved(state, -down * Number.MAX_SAFE_INTEGER, sizes);
    case 'end':
    case 'G':
      return moved(state, down * Number.MAX_SAFE_INTEGER, sizes);
    case '/':
      return { ...state, typing: true, focus: 'pods' };
    case 'm':
      return { ...state, ownOnly: !state.ownOnly, at: { ...state.at, pods: 0 } };
    case 'escape':
      return { ...state, filter: '', ownOnly: false, at: { ...state.at, pods: 0 } };
    case 'enter':
      return entered(state, sizes);
    default:
      return state;
  }
}

function typed(state: LiveState, key: string): LiveState {
  if (key === 'enter') return { ...state, typing: false };
  if (key === 'escape') return { ...state, typing: false, filter: '' };
  const at = { ...state.at, pods: 0 };
  if (key === 'backspace') return { ...state, filter: state.filter.slice(0, -1), at };
  if (key.length !== 1 || state.filter.length >= LONGEST_FILTER) return state;
  return { ...state, filter: state.filter + key, at };
}

/** Enter on a node shows its Pods. */
function entered(state: LiveState, { nodes, rows }: PanelSizes): LiveState {
  const name = nodes[Math.min(state.at.nodes, rows.nodes - 1)];
  if (state.focus !== 'nodes' || name === undefined) return state;
  return { ...state, filter: name, focus: 'pods', at: { ...state.at, pods: 0 } };
}

function moved(state: LiveState, by: number, { rows }: PanelSizes): LiveState {
  const { focus, at } = state;
  const last = Math.max(0, rows[focus] - 1);
  const from = Math.min(at[focus], last);
  return { ...state, at: { ...at, [focus]: Math.min(last, Math.max(0, from + by)) } };
}

function next(panel: Panel, by: number): Panel {
  return PANELS[(PANELS.indexOf(panel) + by + PANELS.length) % PANELS.length] ?? 'pods';
}
