/**
 * POSIX's regular expressions, basic and extended, as RE2's.
 */
export type ExpressionKind = 'basic' | 'extended' | 'fixed';

const SPECIAL = /[.*+?^${}()|[\]\\]/g;

export function re2Source(pattern: string, kind: ExpressionKind): string {
  if (kind === 'fixed') return pattern.replace(SPECIAL, '\\$&');
  let source = '';
  for (let at = 0; at < pattern.length; ) {
    const char = pattern.charAt(at);
    if (char === '[') {
      const end = bracketEnd(pattern, at);
      if (end !== undefined) {
        source += bracket(pattern.slice(at, end));
        at = end;
        continue;
      }
      source += '\\[';
      at++;
    } else if (char === '\\') {
      source += escaped(pattern.charAt(at + 1), kind);
      at += 2;
    } else {
      source += plain(char, kind, pattern, at);
      at++;
    }
  }
  return source;
}

function escaped(char: string, kind: ExpressionKind): string {
  if (char === '') return '\\\\';
  if (char === '<' || char === '>') return '\\b';
  if (/[wWsSbBdD]/.test(char)) return `\\${char}`;
  if (kind === 'basic' && '(){}|+?'.includes(char)) return char;
  return /[A-Za-z0-9]/.test(char) ? char : `\\${char}`;
}

function plain(char: string, kind: ExpressionKind, pattern: string, at: number): string {
  if (kind === 'extended') return char === '{' && !/^\{\d*,?\d*\}/.test(pattern.slice(at)) ? '\\{' : char;
  if ('(){}|+?'.includes(char)) return `\\${char}`;
  const before = pattern.slice(0, at);
  if (char === '*' && (at === 0 || /(?:\\\(|\\\||^\^)$/.test(before))) return '\\*';
  if (char === '^' && at > 0 && !/\\[(|]$/.test(before)) return '\\^';
  if (char === '$' && at < pattern.length - 1 && !/^\\[)|]/.test(pattern.slice(at + 1))) return '\\$';
  return char;
}

/** The place behind the `]` that ends a bracket expression. */
function bracketEnd(pattern: string, start: number): number | undefined {
  let at = start + 1;
  if (pattern.charAt(at) === '^') at++;
  if (pattern.charAt(at) === ']') at++;
  for (; at < pattern.length; at++) {
    const named = /^\[([:.=]).*?\1\]/.exec(pattern.slice(at));
    if (named !== null) at += named[0].length - 1;
    else if (pattern.charAt(at) === ']') return at + 1;
  }
  return undefined;
}

/** A backslash in brackets is an ordinary character to POSIX. */
function bracket(text: string): string {
  const negated = text.startsWith('[^');
  const inner = text.slice(negated ? 2 : 1, -1);
  const safe = inner.replace(/\[:[a-z]+:\]|[\\[\]&~]/g, (part) => (part.startsWith('[:') ? part : `\\${part}`));
  return `[${negated ? '^' : ''}${safe.replace(/^\^/, '\\^')}]`;
}
