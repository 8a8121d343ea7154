/**
 * `[[ … ]]`: bash's conditions, with their own operators, precedence and words.
 */
import type { Condition, Word } from './ast.ts';
import { plainText } from './ast.ts';
import { CommandWordParser } from './command-words.ts';

const UNARY = /^-[abcdefghknoprstuvwxzGLNOSR]$/;
const BINARY: ReadonlySet<string> = new Set('= == != =~ -eq -ne -lt -le -gt -ge -nt -ot -ef'.split(' '));

export abstract class ConditionParser extends CommandWordParser {
  /** After `[[`; takes `]]`. */
  protected condition(): Condition {
    const condition = this.#or();
    this.#blanks();
    if (!this.take(']]')) this.#wrong();
    return condition;
  }

  #blanks(): void {
    do this.skipBlanks();
    while (this.newline());
  }

  #wrong(): never {
    if (this.ended) this.fail(']]');
    this.unexpected(this.unexpectedToken());
  }

  #or(): Condition {
    let left = this.#and();
    for (;;) {
      this.#blanks();
      if (!this.take('||')) return left;
      left = { kind: 'or', left, right: this.#and() };
    }
  }

  #and(): Condition {
    let left = this.#not();
    for (;;) {
      this.#blanks();
      if (!this.take('&&')) return left;
      left = { kind: 'and', left, right: this.#not() };
    }
  }

  #not(): Condition {
    this.#blanks();
    if (/^![\s(]/.test(this.slice(this.at, this.at + 2))) {
      this.at++;
      return { kind: 'not', operand: this.nested(() => this.#not()) };
    }
    if (!this.take('(')) return this.#primary();
    const inner = this.nested(() => this.#or());
    this.#blanks();
    if (!this.take(')')) this.#wrong();
    return inner;
  }

  #primary(): Condition {
    const left = this.#operand();
    const text = plainText(left);
    this.skipBlanks();
    if (text !== undefined && UNARY.test(text) && !this.#atEnd() && !this.#atBinary()) {
      return { kind: 'unary', operator: text, operand: this.#operand() };
    }
    const operator = this.#binaryOperator();
    if (operator === undefined) return { kind: 'word', word: left };
    this.skipBlanks();
    const right = operator === '=~' ? this.#regularExpression() : this.#operand();
    return { kind: 'binary', operator, left, right };
  }

  #atEnd(): boolean {
    return this.ended || /^(?:\]\]|&&|\|\||\))/.test(this.slice(this.at, this.at + 2));
  }

  #atBinary(): boolean {
    return /^(?:==|!=|=~|=)[ \t]/.test(this.slice(this.at, this.at + 3));
  }

  #binaryOperator(): string | undefined {
    const text = /^(?:[<>](?=[\s])|\S+)/.exec(this.source.slice(this.at, this.at + 8))?.[0];
    if (text === undefined || !(BINARY.has(text) || text === '<' || text === '>')) return undefined;
    this.at += text.length;
    return text;
  }

  #operand(): Word {
    this.#blanks();
    const word = this.startsWith(']]') ? undefined : this.patternWord();
    if (word === undefined) this.#wrong();
    return word;
  }

  /** Up to a blank outside parentheses. */
  #regularExpression(): Word {
    let open = 0;
    const parts = this.parts({
      quoted: false,
      ends: (char) => {
        if (char === '(') open++;
        else if (char === ')' && open-- === 0) return true;
        return open <= 0 && /[\s]/.test(char);
      },
    });
    if (parts.length === 0) this.#wrong();
    return { parts };
  }
}
