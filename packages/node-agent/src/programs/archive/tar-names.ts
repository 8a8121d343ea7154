/**
 * Names of an archive's members: never absolute, never above the directory they are put into; patterns that choose them.
 */

/** Without what would lead out of the directory: leading slashes and everything up to the last `..`. */
export function safeName(name: string): string {
  const parts = name.split('/');
  const up = parts.lastIndexOf('..');
  return parts
    .slice(up + 1)
    .join('/')
    .replace(/^\/+/, '');
}

/** Whether a member is one of those that were named, or lies below one; all are when none was named. */
export function isWanted(name: string, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const bare = name.replace(/\/$/, '');
  return wanted.some((other) => {
    const operand = other.replace(/\/$/, '');
    return bare === operand || bare.startsWith(`${operand}/`) || globs(operand).test(bare);
  });
}

export function isExcluded(name: string, patterns: readonly string[]): boolean {
  const bare = name.replace(/\/$/, '');
  return patterns.some((pattern) => globs(pattern).test(bare) || globs(pattern).test(bare.split('/').at(-1) ?? ''));
}

/** `*` and `?` of a shell; everything else stands for itself. */
function globs(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}

/** What --strip-components leaves; undefined when it is nothing. */
export function stripped(name: string, count: number): string | undefined {
  if (count === 0) return name;
  const left = name.split('/').slice(count).join('/');
  return left === '' ? undefined : left;
}
