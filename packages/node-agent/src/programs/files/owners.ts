/**
 * `chown` and `chgrp`
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { absolute, applet, eachPath, flavourOf, nameOf } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';
import { gidOf, uidOf } from '../support/users.ts';
import { withBelow } from './tree-walk.ts';

export const chown = applet(async (process, args) => {
  const line = parseOptions(args, {
    flags: 'RhvcfLHP',
    long: { recursive: 'R', 'no-dereference': 'h', reference: 'r' },
  });
  const [text, ...paths] = line.operands;
  if (text === undefined || paths.length === 0) throw new UsageError('missing operand');
  const owner = nameOf(process) === 'chgrp' ? { gid: group(process, text) } : ownerOf(process, text);
  const gnu = flavourOf(process) === 'gnu';
  const describe = (path: string, reason: string): string => {
    if (!gnu) return `${path}: ${reason}`;
    return reason === 'Operation not permitted'
      ? `changing ownership of '${path}': ${reason}`
      : `cannot access '${path}': ${reason}`;
  };
  return eachPath(process, withBelow(process, paths, line.has('R')), describe, (path) =>
    process.fileSystem().setOwner(absolute(process, path), owner, !line.has('h')),
  );
});

function ownerOf(process: ProcessContext, text: string): { uid?: number; gid?: number } {
  const [user = '', groupText] = text.split(/[:.]/);
  const owner: { uid?: number; gid?: number } = {};
  if (user !== '') {
    const uid = uidOf(process, user);
    if (uid === undefined)
      throw new UsageError(flavourOf(process) === 'gnu' ? `invalid user: '${text}'` : `unknown user ${user}`);
    owner.uid = uid;
  }
  if (groupText !== undefined && groupText !== '') owner.gid = group(process, groupText);
  return owner;
}

function group(process: ProcessContext, text: string): number {
  const gid = gidOf(process, text);
  if (gid === undefined)
    throw new UsageError(flavourOf(process) === 'gnu' ? `invalid group: '${text}'` : `unknown group ${text}`);
  return gid;
}
