/**
 * What is wrong with a YAML text, as go-yaml says it (upstream: the fork of go-yaml v2 in sigs.k8s.io/yaml, a port of libyaml).
 *
 * go-yaml's scanner counts lines from one, its parser from zero, and an error of the first line has no line at all.
 */
import type { YAMLParseError } from 'yaml';

interface Problem {
  readonly text: string;
  /** From zero. */
  readonly line: number;
  readonly by: 'scanner' | 'parser';
}

export function yamlProblem(text: string, error: YAMLParseError): string {
  const { text: problem, line, by } = problemOf(text, error);
  if (line === 0) return problem;
  return `line ${by === 'scanner' ? line + 1 : line}: ${problem}`;
}

const MAPPING_VALUES = 'mapping values are not allowed in this context';
const NO_TOKEN = 'found character that cannot start any token';

function problemOf(text: string, { code, message, pos }: YAMLParseError): Problem {
  const [start] = pos;
  const here = lineAt(text, start);
  switch (code) {
    case 'TAB_AS_INDENT':
    case 'BAD_SCALAR_START':
      return { text: NO_TOKEN, line: here, by: 'scanner' };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { text: MAPPING_VALUES, line: lineAt(text, colonAfter(text, start)), by: 'scanner' };
    case 'MULTILINE_IMPLICIT_KEY':
      return implicitKey(text, start, here);
    case 'MISSING_CHAR':
      if (message.startsWith('Missing closing'))
        return { text: 'found unexpected end of stream', line: lastLine(text), by: 'scanner' };
      return flowProblem(text, message, start);
    case 'BAD_INDENT':
      if (message.startsWith('Flow')) return flowProblem(text, message, start);
      return {
        text: `did not find expected ${inSequence(text, start) ? "'-' indicator" : 'key'}`,
        line: here,
        by: 'parser',
      };
    case 'UNEXPECTED_TOKEN':
      if (message.includes('flow-')) return { text: 'did not find expected node content', line: here, by: 'parser' };
      return {
        text: `did not find expected ${inSequence(text, start) ? "'-' indicator" : 'key'}`,
        line: here,
        by: 'parser',
      };
    default:
      return { text: 'did not find expected key', line: here, by: 'parser' };
  }
}

/** A flow collection that does not end: after an opening or a comma a value is missed, else a comma or the end. */
function flowProblem(text: string, message: string, start: number): Problem {
  const atEnd = text.slice(start).trim() === '' || text.slice(start + 1).trim() === '';
  const line = atEnd ? lastLine(text) : lineAt(text, start);
  if (atEnd && /[[{,]\s*$/.test(text)) return { text: 'did not find expected node content', line, by: 'parser' };
  return { text: `did not find expected ',' or '${message.includes('sequence') ? ']' : '}'}'`, line, by: 'parser' };
}

/** Text where a key should be: its line has no colon, or it goes on to a line that has one. */
function implicitKey(text: string, start: number, line: number): Problem {
  if (text.slice(start).startsWith('- ')) return { text: 'did not find expected key', line, by: 'parser' };
  const before = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  if (before === '' && start > 0) return { text: "could not find expected ':'", line: line + 1, by: 'scanner' };
  return { text: MAPPING_VALUES, line: lineAt(text, colonAfter(text, start)), by: 'scanner' };
}

/** Whether the nearest less indented or equal line above begins an item of a list. */
function inSequence(text: string, start: number): boolean {
  const above = text.slice(0, start).trimEnd().split('\n').at(-1) ?? '';
  return /^\s*- /.test(above);
}

function colonAfter(text: string, start: number): number {
  const offset = text.slice(start).search(/:(\s|$)/);
  return offset < 0 ? start : start + offset;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length - 1;
}

/** The line of the end: go-yaml begins a new one when the last isn't ended. */
function lastLine(text: string): number {
  return lineAt(text, text.length) + (text.endsWith('\n') ? 0 : 1);
}
