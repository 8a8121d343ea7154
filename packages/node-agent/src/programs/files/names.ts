/**
 * `basename`, `dirname`, `pwd`
 */
import { applet } from '../support/applet.ts';
import { parseOptions, UsageError } from '../support/command-line.ts';

function baseOf(path: string, suffix: string): string {
  const plain = path.replace(/(?<=.)\/+$/, '');
  const base = plain === '/' ? '/' : plain.slice(plain.lastIndexOf('/') + 1);
  return suffix !== '' && base.endsWith(suffix) && base !== suffix ? base.slice(0, -suffix.length) : base;
}

export const basename = applet(async (process, args) => {
  const line = parseOptions(args, { flags: 'az', values: 's', long: { multiple: 'a', suffix: 's' } });
  const [first, second] = line.operands;
  if (first === undefined) throw new UsageError('missing operand');
  const several = line.has('a') || line.has('s');
  const suffix = line.value('s') ?? (several ? '' : (second ?? ''));
  const names = (several ? line.operands : [first]).map((path) => baseOf(path, suffix));
  await process.print(`${names.join('\n')}\n`);
  return 0;
});

export const dirname = applet(async (process, args) => {
  const { operands } = parseOptions(args, { flags: 'z' });
  if (operands.length === 0) throw new UsageError('missing operand');
  const parent = (path: string): string => {
    const plain = path.replace(/(?<=.)\/+$/, '');
    if (plain === '/') return '/';
    return plain.includes('/') ? plain.slice(0, plain.lastIndexOf('/')).replace(/(?<=.)\/+$/, '') || '/' : '.';
  };
  await process.print(`${operands.map(parent).join('\n')}\n`);
  return 0;
});

export const pwd = applet(async (process) => {
  await process.print(`${process.cwd}\n`);
  return 0;
});
