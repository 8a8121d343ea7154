/**
 * What a script is made of, as the parser gives it and the executor walks it. Never changed after parsing, so functions
 * and subshells share it.
 */
export interface Word {
  readonly parts: readonly WordPart[];
}

export type WordPart =
  /** Unquoted text: subject to tilde, brace and pathname expansion. */
  | { readonly kind: 'text'; readonly value: string }
  /** Text that quotes or a backslash made literal. */
  | { readonly kind: 'quoted'; readonly value: string }
  | { readonly kind: 'double'; readonly parts: readonly WordPart[] }
  | ParameterPart
  | { readonly kind: 'command'; readonly body: List }
  | { readonly kind: 'arithmetic'; readonly expression: Word }
  | { readonly kind: 'process'; readonly direction: 'input' | 'output'; readonly body: List };

export interface ParameterPart {
  readonly kind: 'parameter';
  readonly name: string;
  /** What stands between brackets: `@`, `*`, or an index. */
  readonly subscript: Word | undefined;
  /** `${!name}` */
  readonly indirect: boolean;
  /** `${#name}` */
  readonly length: boolean;
  readonly operation: ParameterOperation | undefined;
}

export type ParameterOperation =
  /** `-`, `=`, `?`, `+`; with a colon, empty counts as unset. */
  | { readonly kind: 'default'; readonly operator: '-' | '=' | '?' | '+'; readonly colon: boolean; readonly word: Word }
  | { readonly kind: 'remove'; readonly side: 'prefix' | 'suffix'; readonly longest: boolean; readonly pattern: Word }
  | {
      readonly kind: 'replace';
      readonly where: 'first' | 'all' | 'start' | 'end';
      readonly pattern: Word;
      readonly replacement: Word;
    }
  | { readonly kind: 'substring'; readonly offset: Word; readonly length: Word | undefined }
  | { readonly kind: 'case'; readonly direction: 'upper' | 'lower'; readonly all: boolean; readonly pattern: Word }
  | { readonly kind: 'transform'; readonly operator: string }
  /** `${!prefix*}` */
  | { readonly kind: 'names' };

export interface List {
  readonly items: readonly ListItem[];
}

export interface ListItem {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
  readonly background: boolean;
  /** As it was written: what `jobs` prints. */
  readonly text: string;
}

export interface Pipeline {
  readonly negated: boolean;
  readonly timed: boolean;
  readonly commands: readonly Command[];
}

export interface Assignment {
  readonly name: string;
  readonly subscript: Word | undefined;
  readonly append: boolean;
  readonly value: Word | readonly ArrayElement[];
}

export interface ArrayElement {
  readonly subscript: Word | undefined;
  readonly value: Word;
}

export interface Redirection {
  readonly operator: RedirectionOperator;
  /** Left out: 0 for input, 1 for output. */
  readonly fd: number | undefined;
  /** `{name}>file`: the number goes into this variable. */
  readonly variable: string | undefined;
  /** A file's name, a descriptor's number, or a here-document's text. */
  readonly target: Word;
}

export type RedirectionOperator = '<' | '>' | '>>' | '>|' | '<>' | '<&' | '>&' | '&>' | '&>>' | '<<' | '<<<';

interface CommandBase {
  readonly redirections: readonly Redirection[];
  readonly line: number;
}

export interface SimpleCommand extends CommandBase {
  readonly kind: 'simple';
  readonly assignments: readonly Assignment[];
  readonly words: readonly (Word | AssignmentWord)[];
}

/** An assignment as an argument of `export`, `declare` and their like. */
export interface AssignmentWord extends Word {
  readonly assignment: Assignment;
}

export interface FunctionDefinition extends CommandBase {
  readonly kind: 'function';
  readonly name: string;
  readonly body: Command;
  readonly text: string;
}

export interface IfCommand extends CommandBase {
  readonly kind: 'if';
  readonly clauses: readonly { readonly condition: List; readonly body: List }[];
  readonly otherwise: List | undefined;
}

export interface ForCommand extends CommandBase {
  readonly kind: 'for' | 'select';
  readonly variable: string;
  /** Left out: "$@". */
  readonly words: readonly Word[] | undefined;
  readonly body: List;
}

export interface ArithmeticForCommand extends CommandBase {
  readonly kind: 'arithmetic-for';
  readonly initial: Word;
  readonly condition: Word;
  readonly update: Word;
  readonly body: List;
}

export interface WhileCommand extends CommandBase {
  readonly kind: 'while' | 'until';
  readonly condition: List;
  readonly body: List;
}

export interface CaseCommand extends CommandBase {
  readonly kind: 'case';
  readonly word: Word;
  readonly items: readonly {
    readonly patterns: readonly Word[];
    readonly body: List;
    readonly next: ';;' | ';&' | ';;&';
  }[];
}

export interface GroupCommand extends CommandBase {
  readonly kind: 'group' | 'subshell';
  readonly body: List;
}

export interface ArithmeticCommand extends CommandBase {
  readonly kind: 'arithmetic';
  readonly expression: Word;
}

export interface ConditionalCommand extends CommandBase {
  readonly kind: 'conditional';
  readonly expression: Condition;
}

export type Condition =
  | { readonly kind: 'word'; readonly word: Word }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Word }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Word; readonly right: Word }
  | { readonly kind: 'not'; readonly operand: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition };

export type Command =
  | SimpleCommand
  | FunctionDefinition
  | IfCommand
  | ForCommand
  | ArithmeticForCommand
  | WhileCommand
  | CaseCommand
  | GroupCommand
  | ArithmeticCommand
  | ConditionalCommand;

/** The text of a word that holds no quotes and no expansions. */
export function plainText(word: Word): string | undefined {
  if (word.parts.length !== 1) return undefined;
  const part = word.parts[0];
  return part?.kind === 'text' ? part.value : undefined;
}

export function isQuoted(word: Word): boolean {
  return word.parts.some(({ kind }) => kind === 'quoted' || kind === 'double');
}

export const EMPTY_WORD: Word = { parts: [] };

export function literalWord(value: string): Word {
  return { parts: [{ kind: 'quoted', value }] };
}
