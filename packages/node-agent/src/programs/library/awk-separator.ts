/**
 * awk's -F as POSIX has it: a single character other than a blank is that character, also where it means something in
 * an expression. The library takes every separator for an expression.
 */
const SPECIAL = /^[.*+?^$()|]$/;

export function literalSeparators(args: readonly string[]): string[] {
  const given = args.findIndex((word) => word.startsWith('-F'));
  if (given < 0) return [...args];
  const isAttached = args[given] !== '-F';
  const at = isAttached ? given : given + 1;
  const separator = isAttached ? (args[given] ?? '').slice(2) : (args[at] ?? '');
  if (!SPECIAL.test(separator)) return [...args];
  const literal = `${isAttached ? '-F' : ''}[${separator === '^' ? '\\^' : separator}]`;
  return args.map((word, i) => (i === at ? literal : word));
}
