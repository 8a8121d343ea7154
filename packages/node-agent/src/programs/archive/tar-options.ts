/**
 * tar's command line, as busybox and GNU tar read it: `tar cf - x`, `tar -xzf a.tgz -C /dir`, `tar --extract …`.
 */
import { parseCommandLine, UsageError } from '../support/command-line.ts';

export type TarAction = 'create' | 'extract' | 'list';

export interface TarOptions {
  readonly action: TarAction;
  /** `-` for standard input or output. */
  readonly file: string;
  readonly directory: string | undefined;
  readonly gzip: boolean;
  readonly verbose: boolean;
  readonly toStdout: boolean;
  /** -m: files get the instant of their extraction. */
  readonly touch: boolean;
  /** -h: what links lead to instead of the links. */
  readonly dereference: boolean;
  readonly keepOld: boolean;
  readonly permissions: 'kept' | 'masked' | 'by-user';
  readonly owners: 'kept' | 'own' | 'by-user';
  readonly strip: number;
  readonly exclude: readonly string[];
  readonly operands: readonly string[];
}

const SPEC = {
  short: 'cxtf:C:zvOmhkpoX:T:aj',
  flags: {
    create: 'c',
    extract: 'x',
    get: 'x',
    list: 't',
    gzip: 'z',
    gunzip: 'z',
    verbose: 'v',
    'to-stdout': 'O',
    touch: 'm',
    dereference: 'h',
    'keep-old': 'k',
    'keep-old-files': 'k',
    'preserve-permissions': 'p',
    'same-permissions': 'p',
    'no-same-owner': 'o',
    'no-same-permissions': 'no-same-permissions',
    'same-owner': 'same-owner',
    'numeric-owner': 'numeric-owner',
    overwrite: 'overwrite',
  },
  values: { file: 'f', directory: 'C', exclude: 'exclude', 'strip-components': 'strip' },
};

/** @throws UsageError */
export function tarOptions(args: readonly string[]): TarOptions {
  const [first = '', ...rest] = args;
  const line = parseCommandLine(first.startsWith('-') || first === '' ? args : [`-${first}`, ...rest], SPEC);
  const actions = (['c', 'x', 't'] as const).filter((letter) => line.has(letter));
  const [action] = actions;
  if (action === undefined || actions.length > 1) throw new UsageError('bad usage');
  if (line.has('j')) throw new UsageError('bzip2 is not supported', 1, 'j');
  return {
    action: action === 'c' ? 'create' : action === 'x' ? 'extract' : 'list',
    file: line.value('f') ?? '-',
    directory: line.value('C'),
    gzip: line.has('z') || (line.has('a') && /\.t?gz$/.test(line.value('f') ?? '')),
    verbose: line.has('v'),
    toStdout: line.has('O'),
    touch: line.has('m'),
    dereference: line.has('h'),
    keepOld: line.has('k'),
    permissions: line.has('no-same-permissions') ? 'masked' : line.has('p') ? 'kept' : 'by-user',
    owners: line.has('o') ? 'own' : line.has('same-owner') ? 'kept' : 'by-user',
    strip: Number(line.value('strip') ?? 0),
    exclude: line.values('exclude'),
    operands: line.operands,
  };
}
