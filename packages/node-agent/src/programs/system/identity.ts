/**
 * `id`, `whoami`, `groups`
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { applet, flavourOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { groupName, uidOf, userName } from '../support/users.ts';

function named(number: number, name: string | undefined): string {
  return name === undefined ? String(number) : `${number}(${name})`;
}

function allGroups(process: ProcessContext): readonly number[] {
  const { gid, groups } = process.credentials;
  return [gid, ...groups.filter((group) => group !== gid)];
}

export const id = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'ugGnr',
    long: { user: 'u', group: 'g', groups: 'G', name: 'n', real: 'r' },
  });
  const [user] = line.operands;
  if (user !== undefined && uidOf(process, user) === undefined)
    throw new UsageError(flavourOf(process) === 'gnu' ? `'${user}': no such user` : `unknown user ${user}`);
  const { gid } = process.credentials;
  const uid = user === undefined ? process.credentials.uid : (uidOf(process, user) ?? 0);
  const show = (number: number, name: string | undefined): string =>
    line.has('n') ? (name ?? String(number)) : String(number);
  const groups = allGroups(process);
  let text = `uid=${named(uid, userName(process, uid))} gid=${named(gid, groupName(process, gid))} groups=${groups.map((group) => named(group, groupName(process, group))).join(',')}`;
  if (line.has('u')) text = show(uid, userName(process, uid));
  else if (line.has('g')) text = show(gid, groupName(process, gid));
  else if (line.has('G')) text = groups.map((group) => show(group, groupName(process, group))).join(' ');
  await process.print(`${text}\n`);
  return 0;
});

export const whoami = applet(async (process) => {
  const { uid } = process.credentials;
  const name = userName(process, uid);
  if (name === undefined)
    throw new UsageError(flavourOf(process) === 'gnu' ? `cannot find name for user ID ${uid}` : `unknown uid ${uid}`);
  await process.print(`${name}\n`);
  return 0;
});

export const groups = applet(async (process) => {
  await process.print(
    `${allGroups(process)
      .map((group) => groupName(process, group) ?? String(group))
      .join(' ')}\n`,
  );
  return 0;
});
