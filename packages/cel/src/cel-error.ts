/**
 * What can be wrong with an expression: when it is compiled, with the place in its text as upstream shows it, and when it
 * is evaluated (upstream: github.com/google/cel-go/common/error.go).
 */

/** A problem at a place of an expression's text. */
export interface Issue {
  /** In UTF-16 units from its start; -1 for the whole of it. */
  readonly at: number;
  readonly message: string;
}

/** An expression that can't be used. */
export class CompileError extends Error {
  readonly code = 'compile';

  constructor(
    readonly issues: readonly Issue[],
    source: string,
  ) {
    super(
      inOrder(issues)
        .map((issue) => issueText(issue, source))
        .join('\n'),
    );
    this.name = 'CompileError';
  }
}

/** An evaluation that has no value. */
export class EvaluationError extends Error {
  readonly code = 'evaluation';

  constructor(message: string) {
    super(message);
    this.name = 'EvaluationError';
  }
}

/** An evaluation that was ended because it takes too long. */
export class CostError extends Error {
  readonly code = 'cost';

  constructor() {
    super('operation cancelled: actual cost limit exceeded');
    this.name = 'CostError';
  }
}

function inOrder(issues: readonly Issue[]): readonly Issue[] {
  return [...issues].sort((a, b) => a.at - b.at);
}

/** The message, the line, and a caret below the place. */
function issueText({ at, message }: Issue, source: string): string {
  if (at < 0) return `ERROR: <input>:-1:0: ${message}`;
  // Where there is no text there is no place in it.
  if (source === '') return `ERROR: <input>:1:0: ${message}`;
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const end = source.indexOf('\n', start);
  const characters = [...source.slice(start, at)];
  const text = source.slice(start, end < 0 ? undefined : end);
  const dots = characters.map((character) => (isWide(character) ? '．' : '.')).join('');
  const caret = isWide(String.fromCodePoint(source.codePointAt(at) ?? 0)) ? '＾' : '^';
  const place = `<input>:${line}:${characters.length + 1}`;
  return `ERROR: ${place}: ${message}\n | ${text.replaceAll('\t', ' ')}\n | ${dots}${caret}`;
}

/** Beyond one byte of UTF-8. */
function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 0x7f;
}

export function noSuchOverload(): EvaluationError {
  return new EvaluationError('no such overload');
}
