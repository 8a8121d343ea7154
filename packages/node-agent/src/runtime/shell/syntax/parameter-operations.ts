/**
 * What may follow the name in `${name…}`.
 */
import type { ParameterOperation, Word } from './ast.ts';
import { EMPTY_WORD } from './ast.ts';
import type { Reading, WordParser } from './word-parser.ts';

interface Context {
  readonly reading: Reading;
  readonly indirect: boolean;
  readonly name: string;
}

/** Reads the operation at the cursor; undefined when there is none. Leaves the closing brace. */
export function parameterOperation(parser: WordParser, context: Context): ParameterOperation | undefined {
  const quoted = context.reading.quoted;
  const char = parser.peek();
  if (context.indirect && /[@*]/.test(char) && parser.peek(1) === '}') {
    parser.at++;
    return { kind: 'names' };
  }
  if ('-=?+'.includes(char) && char !== '') return defaultOperation(parser, false, quoted);
  if (char === ':' && '-=?+'.includes(parser.peek(1)) && parser.peek(1) !== '') {
    parser.at++;
    return defaultOperation(parser, true, quoted);
  }
  if (char === '#' || char === '%') return removal(parser, char);
  return parser.dialect === 'dash' ? undefined : extended(parser, char);
}

function extended(parser: WordParser, char: string): ParameterOperation | undefined {
  if (char === ':') return substring(parser);
  if (char === '/') return replacement(parser);
  if (parser.dialect !== 'bash') return undefined;
  if (char === '^' || char === ',') return caseChange(parser, char);
  if (char !== '@') return undefined;
  parser.at++;
  return { kind: 'transform', operator: parser.next() };
}

function defaultOperation(parser: WordParser, colon: boolean, quoted: boolean): ParameterOperation {
  const operator = parser.next() as '-' | '=' | '?' | '+';
  return { kind: 'default', operator, colon, word: parser.bracedWord(quoted) };
}

function removal(parser: WordParser, char: string): ParameterOperation {
  parser.at++;
  const longest = parser.take(char);
  return { kind: 'remove', side: char === '#' ? 'prefix' : 'suffix', longest, pattern: parser.bracedWord(false) };
}

function substring(parser: WordParser): ParameterOperation {
  parser.at++;
  const offset = offsetWord(parser);
  const length = parser.take(':') ? parser.bracedWord(true) : undefined;
  return { kind: 'substring', offset, length };
}

/** Up to `:`, but not one that belongs to `?:` or stands in parentheses. */
function offsetWord(parser: WordParser): Word {
  let open = 0;
  const parts = parser.parts({
    quoted: true,
    ends: (char) => {
      if (char === '(' || char === '?') open++;
      else if (char === ')') open--;
      else if (char === '}') return true;
      else if (char === ':' && open-- <= 0) return true;
      return false;
    },
  });
  return parts.length === 0 ? EMPTY_WORD : { parts };
}

function replacement(parser: WordParser): ParameterOperation {
  parser.at++;
  const where = parser.take('/') ? 'all' : parser.take('#') ? 'start' : parser.take('%') ? 'end' : 'first';
  const pattern = parser.bracedWord(false, '/');
  return { kind: 'replace', where, pattern, replacement: parser.take('/') ? parser.bracedWord(false) : EMPTY_WORD };
}

function caseChange(parser: WordParser, char: string): ParameterOperation {
  parser.at++;
  const all = parser.take(char);
  return { kind: 'case', direction: char === '^' ? 'upper' : 'lower', all, pattern: parser.bracedWord(false) };
}
