/**
 * The words with which each shell complains. Facts of busybox 1.35's ash, dash 0.5.12 and bash 5.2.
 */
import type { FileError } from '../../filesystem/file-error.ts';
import type { Dialect } from '../dialect.ts';
import type { ArithmeticError } from '../expansion/arithmetic.ts';
import type { ShellSyntaxError } from '../syntax/cursor.ts';

export interface Complaint {
  readonly dialect: Dialect;
  /** `$0` */
  readonly name: string;
  readonly line: number;
  readonly interactive: boolean;
  /** A script file is being run. */
  readonly inFile: boolean;
  /** The builtin that complains. */
  readonly command?: string | undefined;
}

/** Applets that ash runs inside itself: they name the shell, not themselves. */
const OWN_APPLETS: ReadonlySet<string> = new Set(['[', 'test', 'printf', 'kill', 'echo']);

export function complaint(message: string, { dialect, name, line, interactive, inFile, command }: Complaint): string {
  if (dialect === 'ash' && OWN_APPLETS.has(command ?? '')) return `${name}: ${message}\n`;
  const by = command === undefined || command === '' ? '' : `${command}: `;
  if (dialect === 'dash') return `${name}: ${line}: ${by}${message}\n`;
  if (dialect === 'bash') return `${name}: ${interactive ? '' : `line ${line}: `}${by}${message}\n`;
  const showsLine = (command !== undefined && !interactive) || inFile;
  return `${name}: ${by}${showsLine ? `line ${line}: ` : ''}${message}\n`;
}

export function syntaxMessage(error: ShellSyntaxError, dialect: Dialect): string {
  const { unexpected, expected, unterminated } = error;
  if (dialect === 'bash') {
    if (unterminated !== undefined) return `unexpected EOF while looking for matching \`${unterminated}'`;
    if (unexpected === undefined) return 'syntax error: unexpected end of file';
    return `syntax error near unexpected token \`${unexpected}'`;
  }
  const prefix = dialect === 'dash' ? 'Syntax error: ' : 'syntax error: ';
  if (unterminated === '"' || unterminated === "'") return `${prefix}${quoteWords(dialect)}`;
  if (unterminated === '`')
    return `${prefix}${dialect === 'dash' ? 'EOF in backquote substitution' : 'EOF in backquote substitution'}`;
  if (unterminated === '}') return `${prefix}${dialect === 'dash' ? "Missing '}'" : "missing '}'"}`;
  if (unterminated === '((') return `${prefix}${dialect === 'dash' ? "Missing '))'" : "missing '))'"}`;
  const wanted = expected === undefined || expected === '' ? '' : ` (expecting "${expected}")`;
  if (unexpected === undefined) {
    return `${prefix}${dialect === 'dash' ? 'end of file unexpected' : 'unexpected end of file'}${wanted}`;
  }
  const token =
    unexpected === 'newline' ? 'newline' : isOperator(unexpected) ? `"${unexpected}"` : wordToken(unexpected);
  return `${prefix}${dialect === 'dash' ? `${token} unexpected` : `unexpected ${token}`}${wanted}`;
}

const RESERVED = /^(?:if|then|elif|else|fi|for|while|until|do|done|case|esac|in|\{|\}|!)$/;

function isOperator(token: string): boolean {
  return /^[;&|<>()]+$/.test(token) || RESERVED.test(token);
}

/** Both shells call any other word just that. */
function wordToken(token: string): string {
  return token === '' ? 'end of file' : 'word';
}

function quoteWords(dialect: Dialect): string {
  return dialect === 'dash' ? 'Unterminated quoted string' : 'unterminated quoted string';
}

export function arithmeticMessage(error: ArithmeticError, dialect: Dialect): string {
  const { fault, expression, token } = error;
  if (dialect === 'bash') {
    const text = expression.trim();
    const by: Readonly<Record<string, string>> = {
      division: `division by 0 (error token is "${token}")`,
      exponent: `exponent less than 0 (error token is "${token}")`,
      recursion: `expression recursion level exceeded (error token is "${token}")`,
      number: `value too great for base (error token is "${token}")`,
      assignment: `attempted assignment to non-variable (error token is "${token}")`,
      syntax: `${token === '' ? 'syntax error: operand expected' : 'syntax error in expression'} (error token is "${token === '' ? lastToken(text) : token}")`,
    };
    return `${text}: ${by[fault] ?? fault}`;
  }
  if (dialect === 'dash') {
    if (fault === 'division') return `arithmetic expression: division by zero: "${expression}"`;
    if (fault === 'number' && error.token === expression) return `Illegal number: ${expression}`;
    return `arithmetic expression: expecting ${token === '' ? 'primary' : 'EOF'}: "${expression}"`;
  }
  if (fault === 'division') return 'divide by zero';
  return fault === 'recursion' ? 'expression recursion loop detected' : 'arithmetic syntax error';
}

function lastToken(text: string): string {
  return /(?:[-+*/%<>&|^!~?:(),=]+|[^-+*/%<>&|^!~?:(),=\s]+)\s*$/.exec(text)?.[0] ?? text;
}

export function notFoundMessage(name: string, dialect: Dialect): string {
  if (dialect !== 'bash') return `${name}: not found`;
  return name.includes('/') ? `${name}: No such file or directory` : `${name}: command not found`;
}

/** A file that a redirection could not open. */
export function openMessage(path: string, error: FileError, output: boolean, dialect: Dialect): string {
  if (dialect === 'bash') {
    return `${path}: ${error.code === 'EEXIST' ? 'cannot overwrite existing file' : error.reason}`;
  }
  const missing =
    dialect === 'dash' ? ['Directory nonexistent', 'No such file'] : ['nonexistent directory', 'no such file'];
  const reason = error.code === 'ENOENT' ? missing[output ? 0 : 1] : error.reason;
  const verb = output ? 'create' : 'open';
  return `${dialect === 'dash' ? `cannot ${verb}` : `can't ${verb}`} ${path}: ${reason}`;
}
