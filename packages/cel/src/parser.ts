/**
 * From text to tree, rule by rule of upstream's grammar, so that mistakes are told at the same places in the same words
 * (upstream: github.com/google/cel-go/parser/{parser.go,gen/CEL.g4}).
 */
import type { Element, Expr, FieldEntry, MapEntry } from './ast.ts';
import {
  BEHIND_OPERAND,
  type Chain,
  FIRST,
  NAMES,
  OPERATORS,
  OR,
  only,
  orEnd,
  PRIMARY,
  PRODUCTS,
  RELATIONS,
  RESERVED,
  SUMS,
} from './grammar.ts';
import type { Token, TokenName } from './lexer.ts';
import { literalValue } from './literal-token.ts';
import { type Follow, ParseAborted, type TokenStream } from './syntax-recovery.ts';

const NOTHING: Expr = { kind: 'literal', value: null, at: 0 };

export class Parser {
  constructor(readonly stream: TokenStream) {}

  whole(): Expr {
    const { stream } = this;
    stream.enter(only('<EOF>'));
    try {
      const expr = this.#expr(only('<EOF>'));
      stream.expect('<EOF>', only());
      return expr;
    } catch (error) {
      if (!(error instanceof ParseAborted)) stream.giveUp(error);
      return NOTHING;
    } finally {
      stream.leave();
    }
  }

  #expr(follow: Follow): Expr {
    const { stream } = this;
    stream.enter(follow);
    try {
      const condition = this.#chain(OR);
      if (!stream.is("'?'")) return condition;
      const { at } = stream.expect("'?'", only());
      const yes = this.#chain(OR);
      stream.expect("':'", only(...FIRST));
      return call('_?_:_', [condition, yes, this.#expr(orEnd())], at);
    } catch (error) {
      stream.giveUp(error);
      return NOTHING;
    } finally {
      stream.leave();
    }
  }

  #chain(level: Chain): Expr {
    const { stream } = this;
    const operand = (): Expr => (level.inner ? this.#chain(level.inner) : this.#relation());
    const first = level.inner ? this.#chain(level.inner) : this.#relation();
    if (!stream.is(level.sign)) return first;
    const operands = [first];
    const signs: number[] = [];
    while (stream.is(level.sign)) {
      signs.push(stream.expect(level.sign, only()).at);
      operands.push(operand());
    }
    return balanced(level.name, operands, signs, 0, operands.length);
  }

  #relation(): Expr {
    const { stream } = this;
    let left = this.#calc(1);
    while (stream.is(...RELATIONS)) {
      const token = stream.expect(stream.look().name, only());
      // Relations stand beside each other from the left: what follows one is no relation itself.
      left = call(OPERATORS.get(token.name) ?? '', [left, this.#calc(1)], token.at);
    }
    return left;
  }

  #calc(precedence: 1 | 2 | 3): Expr {
    const { stream } = this;
    let left = this.#unary();
    while (stream.is(...PRODUCTS, ...SUMS)) {
      const isProduct = stream.is(...PRODUCTS);
      if (precedence > (isProduct ? 2 : 1)) break;
      const token = stream.expect(stream.look().name, only());
      left = call(OPERATORS.get(token.name) ?? '', [left, this.#calc(isProduct ? 3 : 2)], token.at);
    }
    return left;
  }

  #unary(): Expr {
    const { stream } = this;
    stream.enter(BEHIND_OPERAND);
    try {
      stream.choose(FIRST);
      const { name, at } = stream.look();
      if (name !== "'!'" && (name !== "'-'" || isNumber(stream.look(1)))) return this.#member();
      const times = name === "'!'" ? this.#nots() : this.#minuses();
      const operand = this.#member();
      return times % 2 === 0 ? operand : call(name === "'!'" ? '!_' : '-_', [operand], at);
    } catch (error) {
      stream.giveUp(error);
      return NOTHING;
    } finally {
      stream.leave();
    }
  }

  #nots(): number {
    let times = 0;
    for (; this.stream.is("'!'"); times++) this.stream.expect("'!'", only());
    this.stream.passTo(FIRST);
    return times;
  }

  #minuses(): number {
    let times = 0;
    for (; this.stream.is("'-'"); times++) {
      const { name } = this.stream.look(1);
      if (name !== "'-'" && !PRIMARY.includes(name)) throw this.stream.noWay(1);
      this.stream.expect("'-'", only());
    }
    return times;
  }

  #member(): Expr {
    const { stream } = this;
    stream.enter(orEnd());
    try {
      let expr = this.#primary();
      while (stream.is("'.'", "'['")) expr = stream.is("'['") ? this.#index(expr) : this.#select(expr);
      return expr;
    } catch (error) {
      stream.giveUp(error);
      return NOTHING;
    } finally {
      stream.leave();
    }
  }

  #index(operand: Expr): Expr {
    const { stream } = this;
    const { at } = stream.expect("'['", only());
    stream.choose([...FIRST, "'?'"]);
    const optional = this.#question();
    const key = this.#expr(only("']'"));
    stream.expect("']'", orEnd("'.'", "'['"));
    return call(optional ? '_[?_]' : '_[_]', [operand, key], at);
  }

  #select(operand: Expr): Expr {
    const { stream } = this;
    const after = stream.look(1).name;
    if (after !== 'IDENTIFIER' && after !== 'ESC_IDENTIFIER' && after !== "'?'") throw stream.noWay(1);
    const { at } = stream.expect("'.'", only());
    if (stream.is('IDENTIFIER') && stream.look(1).name === "'('") {
      const name = stream.expect('IDENTIFIER', only("'('")).text;
      const open = stream.expect("'('", only());
      return { kind: 'call', name, target: operand, args: this.#arguments(), at: open.at };
    }
    const optional = this.#question();
    const field = this.#name(orEnd("'.'", "'['"));
    return { kind: 'select', operand, field, optional, at };
  }

  #question(): boolean {
    if (!this.stream.is("'?'")) return false;
    this.stream.expect("'?'", only());
    return true;
  }

  #name(follow: Follow): string {
    const { stream } = this;
    stream.enter(follow);
    try {
      stream.choose(NAMES);
      const { name, text } = stream.expect(stream.look().name, only());
      return name === 'ESC_IDENTIFIER' ? text.slice(1, -1) : text;
    } catch (error) {
      stream.giveUp(error);
      return '';
    } finally {
      stream.leave();
    }
  }

  /** Of a call whose parenthesis is open. */
  #arguments(): Expr[] {
    const { stream } = this;
    stream.choose([...FIRST, "')'"]);
    const args = stream.is("')'") ? [] : this.#exprList();
    stream.expect("')'", orEnd("'.'", "'['"));
    return args;
  }

  #exprList(): Expr[] {
    const { stream } = this;
    const args: Expr[] = [];
    stream.enter(only("')'"));
    try {
      args.push(this.#expr(orEnd("','")));
      while (stream.is("','")) {
        stream.expect("','", only());
        args.push(this.#expr(orEnd("','")));
      }
    } catch (error) {
      stream.giveUp(error);
    } finally {
      stream.leave();
    }
    return args;
  }

  #primary(): Expr {
    const { stream } = this;
    stream.enter(orEnd("'.'", "'['"));
    try {
      stream.choose(PRIMARY);
      switch (stream.look().name) {
        case "'('":
          return this.#nested();
        case "'['":
          return this.#list();
        case "'{'":
          return this.#map();
        case "'.'":
        case 'IDENTIFIER':
          return this.#named();
        default:
          return this.#literal();
      }
    } catch (error) {
      stream.giveUp(error);
      return NOTHING;
    } finally {
      stream.leave();
    }
  }

  #nested(): Expr {
    this.stream.expect("'('", only());
    const expr = this.#expr(only("')'"));
    this.stream.expect("')'", orEnd());
    return expr;
  }

  #list(): Expr {
    const { stream } = this;
    const { at } = stream.expect("'['", only());
    stream.choose([...FIRST, "'?'", "','", "']'"]);
    const items: Element[] = [];
    if (!stream.is("','", "']'")) this.#elements("']'", () => items.push(this.#element(orEnd("','"))));
    this.#close("']'");
    return { kind: 'list', items, at };
  }

  #map(): Expr {
    const { stream } = this;
    const { at } = stream.expect("'{'", only());
    stream.choose([...FIRST, "'?'", "','", "'}'"]);
    const entries: MapEntry[] = [];
    const entry = (): void => {
      const { value: key, optional } = this.#element(only("':'"));
      stream.expect("':'", only(...FIRST));
      entries.push({ key, optional, value: this.#expr(orEnd("','")) });
    };
    if (!stream.is("','", "'}'")) this.#elements("'}'", entry);
    this.#close("'}'");
    return { kind: 'map', entries, at };
  }

  /** Separated by commas, the last of which may be followed by the end. */
  #elements(close: TokenName, one: () => void): void {
    const { stream } = this;
    stream.enter(only("','", close));
    try {
      one();
      while (stream.is("','") && stream.look(1).name !== close && stream.look(1).name !== '<EOF>') {
        stream.expect("','", only());
        one();
      }
    } catch (error) {
      stream.giveUp(error);
    } finally {
      stream.leave();
    }
  }

  #close(close: TokenName): void {
    const { stream } = this;
    stream.choose(["','", close]);
    if (stream.is("','")) stream.expect("','", only());
    stream.expect(close, orEnd());
  }

  #element(follow: Follow): Element {
    const { stream } = this;
    stream.enter(follow);
    try {
      stream.choose([...FIRST, "'?'"]);
      const optional = this.#question();
      return { optional, value: this.#expr(orEnd()) };
    } catch (error) {
      stream.giveUp(error);
      return { optional: false, value: NOTHING };
    } finally {
      stream.leave();
    }
  }

  /** A name, a call, or an object with a name. */
  #named(): Expr {
    const { stream } = this;
    const dots = stream.is("'.'") ? 1 : 0;
    if (stream.look(dots).name !== 'IDENTIFIER') throw stream.noWay(dots);
    if (this.#beginsStruct(dots)) return this.#struct();
    if (dots === 1) stream.expect("'.'", only());
    const token = stream.expect('IDENTIFIER', only());
    if (RESERVED.has(token.text)) stream.tell(token.at, `reserved identifier: ${token.text}`);
    if (!stream.is("'('")) return { kind: 'ident', name: token.text, at: token.at };
    const open = stream.expect("'('", only());
    return call(token.text, this.#arguments(), open.at);
  }

  /** `a.b.c {`; also where a word of the language stands for one of the names. */
  #beginsStruct(dots: number): boolean {
    for (let i = dots + 1; ; i += 2) {
      if (this.stream.look(i).name === "'{'") return true;
      if (this.stream.look(i).name !== "'.'") return false;
      const { name } = this.stream.look(i + 1);
      if (name === "'true'" || name === "'false'" || name === "'null'" || name === "'in'") return true;
      if (name !== 'IDENTIFIER') return false;
    }
  }

  #struct(): Expr {
    const { stream } = this;
    let name = '';
    if (stream.is("'.'")) stream.expect("'.'", only());
    name = stream.expect('IDENTIFIER', only("'.'", "'{'")).text;
    while (stream.is("'.'")) {
      stream.expect("'.'", only());
      name += `.${stream.expect('IDENTIFIER', only("'.'", "'{'")).text}`;
    }
    stream.choose(["'.'", "'{'"]);
    const { at } = stream.expect("'{'", only());
    stream.choose([...NAMES, "'?'", "','", "'}'"]);
    const fields: FieldEntry[] = [];
    if (!stream.is("','", "'}'")) this.#elements("'}'", () => fields.push(this.#field()));
    this.#close("'}'");
    return { kind: 'struct', name, fields, at };
  }

  #field(): FieldEntry {
    const { stream } = this;
    const { optional, field } = this.#fieldName();
    const { at } = stream.expect("':'", only(...FIRST));
    return { field, optional, at, value: this.#expr(orEnd("','")) };
  }

  #fieldName(): Pick<FieldEntry, 'optional' | 'field'> {
    const { stream } = this;
    stream.enter(only("':'"));
    try {
      stream.choose([...NAMES, "'?'"]);
      return { optional: this.#question(), field: this.#name(orEnd()) };
    } catch (error) {
      stream.giveUp(error);
      return { optional: false, field: '' };
    } finally {
      stream.leave();
    }
  }

  #literal(): Expr {
    const { stream } = this;
    const { at } = stream.look();
    const negative = stream.is("'-'");
    if (negative) stream.expect("'-'", only());
    const token = stream.expect(stream.look().name, only());
    const value = literalValue(token, negative);
    if (value instanceof Error) stream.tell(at, value.message);
    return { kind: 'literal', value: value instanceof Error ? null : value, at };
  }
}

function isNumber({ name }: Token): boolean {
  return name === 'NUM_INT' || name === 'NUM_FLOAT';
}

function call(name: string, args: readonly Expr[], at: number): Expr {
  return { kind: 'call', name, target: undefined, args, at };
}

/** Long chains become trees that are as low as they can be. */
function balanced(name: string, operands: readonly Expr[], signs: readonly number[], from: number, to: number): Expr {
  if (to - from === 1) return operands[from] ?? NOTHING;
  const middle = from + Math.ceil((to - from) / 2);
  const left = balanced(name, operands, signs, from, middle);
  return call(name, [left, balanced(name, operands, signs, middle, to)], signs[middle - 1] ?? 0);
}
