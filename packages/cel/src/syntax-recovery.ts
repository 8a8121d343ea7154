/**
 * What a parser does about tokens that fit nowhere: it leaves one out, thinks one in, or gives a rule up and goes on where
 * something that may follow it stands. The steps and the words are those of ANTLR's default error strategy, which upstream's
 * parser has (upstream: github.com/antlr4-go/antlr error_strategy.go, github.com/google/cel-go/parser/parser.go).
 *
 * Owns the position among the tokens, the rules that are open with what may follow each, and the issues.
 */
import type { Issue } from './cel-error.ts';
import { TOKEN_NAMES, type Token, type TokenName } from './lexer.ts';

/** What may stand behind a rule where it was asked for. */
export interface Follow {
  readonly tokens: readonly TokenName[];
  /** The rule that asked may end there too. */
  readonly ends: boolean;
}

/** A rule can't go on. */
class RuleFailed extends Error {
  constructor(readonly issue: Issue) {
    super(issue.message);
  }
}

/** The parser gives up altogether. */
export class ParseAborted extends Error {}

/** Upstream: the number of attempts, and how deep expressions may stand in each other. */
const MAX_RECOVERIES = 30;
const MAX_DEPTH = 250;
/** Rules that such an expression opens: itself, an operand, a member, a primary, and at most two of a list. */
const MAX_OPEN = MAX_DEPTH * 6;

export class TokenStream {
  readonly issues: Issue[];
  readonly #tokens: readonly Token[];
  readonly #open: Follow[] = [];
  readonly #end: Token;
  #position = 0;
  /** Nothing more is told until a token fits. */
  #recovering = false;
  #recoveries = 0;
  #failedAt = -1;

  constructor(tokens: readonly Token[], issues: readonly Issue[]) {
    this.#tokens = tokens;
    this.issues = [...issues];
    this.#end = tokens.at(-1) ?? { name: '<EOF>', text: '<EOF>', at: 0 };
  }

  /** @param ahead 0 for the one that is next */
  look(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? this.#end;
  }

  is(...names: readonly TokenName[]): boolean {
    return names.includes(this.look().name);
  }

  tell(at: number, message: string): void {
    this.issues.push({ at, message });
  }

  /** Opens a rule; `leave` closes it. Without closures, since expressions nest. @throws ParseAborted */
  enter(follow: Follow): void {
    this.#open.push(follow);
    if (this.#open.length <= MAX_OPEN) return;
    this.tell(-1, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    throw new ParseAborted();
  }

  leave(): void {
    this.#open.pop();
  }

  /** Within a rule: what was thrown there, told once, and on to what may follow. @throws whatever else it was */
  giveUp(error: unknown): void {
    if (!(error instanceof RuleFailed)) throw error;
    if (!this.#recovering) this.#syntaxError(error.issue);
    this.#recovering = true;
    this.#recover();
  }

  /** The next token, which must be this one. */
  expect(name: TokenName, behind: Follow): Token {
    if (this.is(name)) return this.#take();
    if (this.look(1).name === name) {
      this.#unwanted([name]);
      this.#position++;
      return this.#take();
    }
    if (this.#mayFollow(behind, this.look().name)) {
      const { at } = this.look();
      if (!this.#recovering) this.#syntaxError({ at, message: `missing ${name} at ${quoted(this.look().text)}` });
      this.#recovering = true;
      return { name, text: `<missing ${name}>`, at };
    }
    throw this.#mismatch([name]);
  }

  /** Before a choice: a token that begins none of its ways is left out when the one behind it does. */
  choose(names: readonly TokenName[]): void {
    if (this.#recovering || this.is(...names)) return;
    if (!names.includes(this.look(1).name)) throw this.#mismatch(names);
    this.#unwanted(names);
    this.#position++;
    this.#recovering = false;
  }

  /** Within a repetition what fits nowhere is passed over. */
  passTo(names: readonly TokenName[]): void {
    if (this.#recovering || this.is(...names)) return;
    this.#unwanted(names);
    this.#skipTo(new Set([...names, ...this.#followers()]));
  }

  /** No way begins with the tokens from here up to `ahead`. */
  noWay(ahead: number): Error {
    const texts = Array.from({ length: ahead + 1 }, (_, i) => this.look(i)).filter(({ name }) => name !== '<EOF>');
    const { at } = this.look(ahead);
    const text = texts.map((token) => token.text).join('');
    return new RuleFailed({ at, message: `no viable alternative at input ${quoted(text === '' ? '<EOF>' : text)}` });
  }

  #take(): Token {
    const token = this.look();
    this.#recovering = false;
    if (token.name !== '<EOF>') this.#position++;
    return token;
  }

  #mismatch(names: readonly TokenName[]): Error {
    const { at, text } = this.look();
    return new RuleFailed({ at, message: `mismatched input ${quoted(text)} expecting ${listed(names)}` });
  }

  #unwanted(names: readonly TokenName[]): void {
    const { at, text } = this.look();
    if (!this.#recovering) {
      this.#syntaxError({ at, message: `extraneous input ${quoted(text)} expecting ${listed(names)}` });
    }
    this.#recovering = true;
  }

  #syntaxError({ at, message }: Issue): void {
    this.tell(at, `Syntax error: ${message}`);
  }

  #mayFollow(behind: Follow, name: TokenName): boolean {
    if (behind.tokens.includes(name)) return true;
    if (!behind.ends) return false;
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const follow = this.#open[i];
      if (follow?.tokens.includes(name)) return true;
      if (!follow?.ends) return false;
    }
    return false;
  }

  #followers(): Set<TokenName> {
    return new Set(this.#open.flatMap(({ tokens }) => tokens));
  }

  #recover(): void {
    this.#recoveries++;
    if (this.#recoveries > MAX_RECOVERIES) {
      const { at } = this.look();
      this.#syntaxError({ at, message: `error recovery attempt limit exceeded: ${MAX_RECOVERIES}` });
      throw new ParseAborted();
    }
    const followers = this.#followers();
    // Twice at one place within what is open, and nothing would ever move.
    if (this.#failedAt === this.#position && this.#recoveries > MAX_RECOVERIES / 2) this.#position++;
    this.#failedAt = this.#position;
    this.#skipTo(followers);
  }

  #skipTo(names: ReadonlySet<TokenName>): void {
    while (!names.has(this.look().name) && !this.is('<EOF>')) this.#position++;
  }
}

function quoted(text: string): string {
  return `'${text.replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')}'`;
}

/** One by itself, several in braces. */
function listed(names: readonly TokenName[]): string {
  const sorted = TOKEN_NAMES.filter((name) => names.includes(name));
  return sorted.length === 1 ? (sorted[0] ?? '') : `{${sorted.join(', ')}}`;
}
