/**
 * Subjects and patterns: tokens joined by dots; in a pattern `*` stands for one token and a last `>` for one or more.
 */

/** A subject that messages can be published to. */
export function isLiteralSubject(subject: string): boolean {
  return isPattern(subject) && !hasWildcard(subject);
}

/** A subject that can be subscribed to. */
export function isPattern(pattern: string): boolean {
  if (pattern === '') return false;
  const tokens = pattern.split('.');
  return tokens.every((token, i) => token !== '' && (token !== '>' || i === tokens.length - 1));
}

export function hasEmptyToken(subject: string): boolean {
  return subject === '' || subject.startsWith('.') || subject.endsWith('.') || subject.includes('..');
}

export function hasWildcard(pattern: string): boolean {
  return pattern.split('.').some((token) => token === '*' || token === '>');
}

/** Whether `pattern` covers every subject that `subject` (a literal, or itself a pattern) stands for. */
export function covers(pattern: string, subject: string): boolean {
  const wide = pattern.split('.');
  const narrow = subject.split('.');
  for (const [i, token] of wide.entries()) {
    if (token === '>') return narrow.length > i;
    const other = narrow[i];
    if (other === undefined || other === '>') return false;
    if (token !== '*' && token !== other) return false;
  }
  return wide.length === narrow.length;
}
