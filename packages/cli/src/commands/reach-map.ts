/**
 * Who reaches whom, drawn: a row sends, a column receives.
 *
 *              apiserver  node-1  node-2
 *   apiserver                .       x
 *   node-1         .                 x
 *   node-2         x         x
 */
import { effectInShort, type FaultList, type FaultView } from '@regatta/bus';

const OK = '.';
const CUT = 'x';
const FROZEN = '#';
const BAD = '~';
const SELF = ' ';

/** @param ends names of machines and components, in the order to draw */
export function reachMap(ends: readonly string[], list: FaultList): string {
  const label = Math.max(...ends.map((name) => name.length));
  const marks = ends.map((from) => ends.map((to) => (from === to ? SELF : mark(from, to, list))));
  const header = `${' '.repeat(label)}  ${ends.join('  ')}`;
  const lines = ends.map((from, row) => {
    const cells = ends.map((to, column) => centred(marks[row]?.[column] ?? SELF, to.length));
    return `${from.padEnd(label)}  ${cells.join('  ')}`.trimEnd();
  });
  const there = new Set(marks.flat());
  const legend = [
    ...(there.has(CUT) ? [`${CUT} lost`] : []),
    ...(there.has(BAD) ? [`${BAD} ${damage(list.faults)}`] : []),
    ...(there.has(FROZEN) ? [`${FROZEN} frozen`] : []),
  ];
  return [`What a row sends to a column: ${OK} arrives, ${legend.join(', ')}.`, header, ...lines].join('\n');
}

function mark(from: string, to: string, { faults, frozen }: FaultList): string {
  const hit = faults.filter((fault) => isOn(fault, from, to));
  if (hit.some(({ effect }) => effect.drop === 1)) return CUT;
  // Everything goes through the broker.
  if (frozen.some(({ name }) => [from, to, 'broker'].includes(name))) return FROZEN;
  return hit.length > 0 ? BAD : OK;
}

function isOn({ on, peers, direction }: FaultView, from: string, to: string): boolean {
  const names = (peer: string): boolean => peers.length === 0 || peers.includes(peer);
  if (on === from && names(to)) return direction !== 'in';
  return on === to && names(from) && direction !== 'out';
}

function damage(faults: readonly FaultView[]): string {
  const effects = faults.filter(({ effect }) => effect.drop !== 1).map(({ effect }) => effectInShort(effect));
  return [...new Set(effects)].join(' or ');
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return ' '.repeat(left) + text.padEnd(width - left);
}
