/**
 * From what somebody typed to the machine or component that is meant.
 */
import { CliError } from '../cli-error.ts';
import type { ClusterControl, Kind, Target } from './cluster-control.ts';

/** `node-2` or `node/node-2`. @throws CliError with the names there are */
export async function findTarget(control: ClusterControl, kind: Kind, typed: string): Promise<Target> {
  const name = typed.startsWith(`${kind}/`) ? typed.slice(kind.length + 1) : typed;
  const { processes } = await control.status();
  const isOfKind = (role: string): boolean => (role === 'node-agent') === (kind === 'node');
  const names = processes.filter(({ role }) => isOfKind(role)).map((process) => process.name);
  if (names.includes(name)) return { kind, name };
  const other = kind === 'node' ? 'component' : 'node';
  const hint = processes.some((process) => process.name === name) ? ` It is a ${other}: \`regatta ${other} …\`.` : '';
  throw new CliError(`There is no ${kind} "${name}". There are: ${names.join(', ') || 'none'}.${hint}`);
}
