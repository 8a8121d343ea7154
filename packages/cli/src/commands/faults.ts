/**
 * `regatta faults`: what is on, how long, and who is cut from whom; `regatta heal`: ends it.
 */
import { effectInShort, type FaultList, type FaultView } from '@regatta/bus';
import { CliError } from '../cli-error.ts';
import { withControl } from '../control/open-control.ts';
import type { Environment } from '../environment.ts';
import type { Role } from '../supervisor/control-protocol.ts';
import { leftText, table } from '../table.ts';
import { reachMap } from './reach-map.ts';

/** Ends of links that a terminal has room for. */
const MOST_DRAWN = 12;

const BROKER = 'broker';

/** `regatta faults`. */
export function faults(environment: Environment): Promise<number> {
  return withControl(environment, async (control) => {
    const { io } = environment;
    const [list, { processes }] = await Promise.all([control.faults(), control.status()]);
    const rows = faultRows(list);
    if (rows.length === 0) io.print('No fault is on.');
    else io.print(table(['ID', 'WHERE', 'WHAT', 'LEFT'], rows));
    if (list.silent.includes(BROKER)) io.warn('Without the broker nobody knows which faults of links are on.');
    else if (list.silent.length > 0)
      io.warn(`${list.silent.join(', ')} did not answer: what is on there is not known.`);
    const ends = processes.filter(({ name, role }) => isDrawn(name, role, list)).map(({ name }) => name);
    if (rows.length > 0 && ends.length <= MOST_DRAWN) {
      io.print();
      io.print(reachMap(ends, list));
    }
    if (rows.length > 0)
      io.print(io.style('dim', '\n`regatta heal <id>` ends one, `regatta heal --all` ends them all.'));
    return 0;
  });
}

/** Machines and the apiserver; other components where something was done to them. */
function isDrawn(name: string, role: Role, { faults: links, frozen }: FaultList): boolean {
  if (role === BROKER) return false;
  if (role === 'node-agent' || role === 'apiserver') return true;
  return frozen.some((one) => one.name === name) || links.some(({ on, peers }) => on === name || peers.includes(name));
}

/** `regatta heal [id]`. */
export async function heal(environment: Environment, id: string | undefined, all: boolean): Promise<number> {
  if ((id === undefined) === !all)
    throw new CliError('Say which: `regatta heal <id>` (`regatta faults` lists them), or `regatta heal --all`.', 2);
  return withControl(environment, async (control) => {
    const frozen = id === undefined ? undefined : /^freeze-(.+)$/.exec(id)?.[1];
    const { processes } = await control.status();
    const ice = processes.find(({ name, state }) => name === frozen && state === 'frozen');
    const kind = ice?.role === 'node-agent' ? 'node' : 'component';
    const done = ice ? await control.thaw({ kind, name: ice.name }) : await control.endFault(id);
    environment.io.print(`${done.message}.`);
    return 0;
  });
}

function faultRows({ faults: links, frozen }: FaultList): string[][] {
  return [
    ...frozen.map(({ name, leftMs }) => [
      `freeze-${name}`,
      name,
      'frozen',
      leftMs === undefined ? '?' : leftText(leftMs),
    ]),
    ...links.map((fault) => [fault.id, where(fault), effectInShort(fault.effect), leftText(fault.leftMs)]),
  ];
}

const ARROWS = { both: '<->', out: '-->', in: '<--' } as const;

function where({ on, peers, direction }: FaultView): string {
  return `${on} ${ARROWS[direction]} ${peers.join(', ') || 'everybody'}`;
}
