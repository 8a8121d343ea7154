/**
 * Shell patterns (`*`, `?`, `[…]`, bash's `@(…)` and its like). Matching keeps the set of places that can be reached, so
 * that no pattern and no text make it take more than their lengths' product: a regular expression could hang the agent.
 *
 * In a pattern's text a backslash makes the next character an ordinary one; quoting is turned into that.
 */
type Token =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly items: readonly ClassItem[] }
  | { readonly kind: 'group'; readonly operator: string; readonly choices: readonly (readonly Token[])[] };

type ClassItem = { readonly from: string; readonly to: string } | { readonly name: string };

const NAMED: Readonly<Record<string, RegExp>> = {
  alpha: /^\p{L}$/u,
  digit: /^[0-9]$/,
  alnum: /^[\p{L}0-9]$/u,
  upper: /^\p{Lu}$/u,
  lower: /^\p{Ll}$/u,
  space: /^\s$/,
  blank: /^[ \t]$/,
  punct: /^[!-/:-@[-`{-~]$/,
  print: /^[ -~\u00a0-\uffff]$/,
  graph: /^[!-~\u00a1-\uffff]$/,
  cntrl: /^\p{Cc}$/u,
  xdigit: /^[0-9a-fA-F]$/,
};

type Characters = readonly string[] | string;

export class Pattern {
  readonly #tokens: readonly Token[];

  constructor(
    readonly text: string,
    extended = false,
  ) {
    this.#tokens = new PatternReader(text, extended).read();
  }

  /** The text that this matches and nothing else; undefined when it has special characters. */
  get literal(): string | undefined {
    let literal = '';
    for (const token of this.#tokens) {
      if (token.kind !== 'char') return undefined;
      literal += token.char;
    }
    return literal;
  }

  matches(text: string): boolean {
    const characters = charactersOf(text);
    return reach(this.#tokens, characters, [0]).at(-1) === characters.length;
  }

  /** The prefix that matches: the longest or the shortest. */
  prefix(text: string, longest: boolean): string | undefined {
    const characters = charactersOf(text);
    const ends = reach(this.#tokens, characters, [0]);
    const end = longest ? ends.at(-1) : ends[0];
    return end === undefined ? undefined : joined(characters, 0, end);
  }

  suffix(text: string, longest: boolean): string | undefined {
    const characters = [...text].reverse();
    const ends = reach(reversed(this.#tokens), characters, [0]);
    const end = longest ? ends.at(-1) : ends[0];
    return end === undefined ? undefined : characters.slice(0, end).reverse().join('');
  }

  /** Puts `replacement` for the first match or all, the longest at each place. */
  replace(text: string, replacement: string, all: boolean): string {
    const literal = this.literal;
    if (literal !== undefined && literal !== '') {
      if (all) return text.split(literal).join(replacement);
      const at = text.indexOf(literal);
      return at < 0 ? text : text.slice(0, at) + replacement + text.slice(at + literal.length);
    }
    const characters = charactersOf(text);
    let result = '';
    let at = 0;
    while (at < characters.length) {
      const end = reach(this.#tokens, characters, [at]).at(-1);
      if (end === undefined || end === at) {
        result += characters[at++];
        continue;
      }
      result += replacement;
      at = end;
      if (!all) break;
    }
    return result + joined(characters, at, characters.length);
  }
}

/** A character that isn't in UTF-16's first plane takes two places of a string: then an array is used. */
function charactersOf(text: string): Characters {
  return /[\ud800-\udfff]/.test(text) ? [...text] : text;
}

function joined(characters: Characters, from: number, to: number): string {
  const part = characters.slice(from, to);
  return typeof part === 'string' ? part : part.join('');
}

/** The places where a match can end that begins at one of `starts`; ascending. */
function reach(tokens: readonly Token[], text: Characters, starts: readonly number[]): readonly number[] {
  let places = starts;
  for (const token of tokens) {
    if (places.length === 0) break;
    places = step(token, text, places);
  }
  return places;
}

function step(token: Token, text: Characters, places: readonly number[]): readonly number[] {
  switch (token.kind) {
    case 'star':
      return range(places[0] ?? text.length, text.length);
    case 'group':
      return group(token.operator, token.choices, text, places);
    default:
      return places.filter((at) => at < text.length && matchesOne(token, text[at] ?? '')).map((at) => at + 1);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function matchesOne(token: Exclude<Token, { kind: 'star' | 'group' }>, char: string): boolean {
  if (token.kind === 'any') return true;
  if (token.kind === 'char') return token.char === char;
  const found = token.items.some((item) =>
    'name' in item ? (NAMED[item.name]?.test(char) ?? false) : item.from <= char && char <= item.to,
  );
  return found !== token.negated;
}

function group(
  operator: string,
  choices: readonly (readonly Token[])[],
  text: Characters,
  places: readonly number[],
): readonly number[] {
  const once = (from: readonly number[]): readonly number[] =>
    sorted(choices.flatMap((choice) => reach(choice, text, from)));
  if (operator === '@') return once(places);
  if (operator === '?') return sorted([...places, ...once(places)]);
  if (operator === '!') {
    return sorted(
      places.flatMap((at) => {
        const matched = new Set(once([at]));
        return range(at, text.length).filter((end) => !matched.has(end));
      }),
    );
  }
  const reached = new Set(operator === '*' ? places : []);
  let fresh = once(places);
  while (fresh.length > 0) {
    const added = fresh.filter((at) => !reached.has(at));
    for (const at of added) reached.add(at);
    fresh = added.length === 0 ? [] : once(added);
  }
  return sorted([...reached]);
}

function sorted(places: readonly number[]): readonly number[] {
  return [...new Set(places)].sort((a, b) => a - b);
}

function reversed(tokens: readonly Token[]): readonly Token[] {
  return tokens
    .map((token) => (token.kind === 'group' ? { ...token, choices: token.choices.map(reversed) } : token))
    .reverse();
}

class PatternReader {
  #at = 0;
  readonly #characters: readonly string[];

  constructor(
    text: string,
    private readonly extended: boolean,
  ) {
    this.#characters = [...text];
  }

  read(): readonly Token[] {
    return this.#sequence(false);
  }

  #sequence(inGroup: boolean): Token[] {
    const tokens: Token[] = [];
    while (this.#at < this.#characters.length) {
      const char = this.#characters[this.#at] ?? '';
      if (inGroup && (char === '|' || char === ')')) break;
      const token = this.#token(char);
      if (token.kind !== 'star' || tokens.at(-1)?.kind !== 'star') tokens.push(token);
    }
    return tokens;
  }

  #token(char: string): Token {
    if (this.extended && '?*+@!'.includes(char) && this.#characters[this.#at + 1] === '(') {
      const token = this.#group(char);
      if (token !== undefined) return token;
    }
    this.#at++;
    if (char === '*') return { kind: 'star' };
    if (char === '?') return { kind: 'any' };
    if (char === '[') return this.#class() ?? { kind: 'char', char };
    if (char === '\\') return { kind: 'char', char: this.#characters[this.#at++] ?? '\\' };
    return { kind: 'char', char };
  }

  #group(operator: string): Token | undefined {
    const start = this.#at;
    this.#at++;
    const choices: Token[][] = [];
    do {
      this.#at++;
      choices.push(this.#sequence(true));
    } while (this.#characters[this.#at] === '|');
    if (this.#characters[this.#at++] === ')') return { kind: 'group', operator, choices };
    this.#at = start;
    return undefined;
  }

  #class(): Token | undefined {
    const start = this.#at;
    const negated = this.#characters[start] === '!' || this.#characters[start] === '^';
    if (negated) this.#at++;
    const items: ClassItem[] = [];
    for (let first = true; this.#at < this.#characters.length; first = false) {
      if (this.#characters[this.#at] === ']' && !first) {
        this.#at++;
        return { kind: 'class', negated, items };
      }
      items.push(this.#classItem());
    }
    this.#at = start;
    return undefined;
  }

  #classItem(): ClassItem {
    const named = /^\[:([a-z]+):\]/.exec(this.#characters.slice(this.#at, this.#at + 12).join(''));
    if (named?.[1] !== undefined) {
      this.#at += named[0].length;
      return { name: named[1] };
    }
    const from = this.#classCharacter();
    if (this.#characters[this.#at] !== '-' || (this.#characters[this.#at + 1] ?? ']') === ']')
      return { from, to: from };
    this.#at++;
    return { from, to: this.#classCharacter() };
  }

  #classCharacter(): string {
    if (this.#characters[this.#at] === '\\') this.#at++;
    return this.#characters[this.#at++] ?? '';
  }
}

const SPECIAL = /[*?[\]\\()|+@!-]/g;

/** Makes every character an ordinary one. */
export function escapePattern(text: string): string {
  return text.replace(SPECIAL, '\\$&');
}

/** True when the pattern may match something other than itself. */
export function hasPattern(pattern: string, extended: boolean): boolean {
  const bare = pattern.replace(/\\./gs, '');
  return /[*?]|\[.*\]/s.test(bare) || (extended && /[?*+@!]\(.*\)/s.test(bare));
}
