/**
 * Options of a command as getopt_long(3) reads them: letters may be joined, values may be attached, options may stand
 * after operands as GNU and busybox allow, `--` ends them.
 */
export interface OptionSpec {
  /** Letters as getopt's text has them: `vw:` has a -v and a -w with a value. */
  readonly short: string;
  /** Long options without a value, by the letter or other name that they count as. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The same for those with a value. */
  readonly values?: Readonly<Record<string, string>>;
  /** Options end at the first operand (what follows is another command's). */
  readonly stopAtOperand?: boolean | undefined;
  /** `-5` is the value of this letter. */
  readonly digits?: string | undefined;
}

/** The same for commands whose long options all stand for letters. */
export interface OptionRules {
  /** Letters without a value. */
  readonly flags?: string;
  /** Letters with a value. */
  readonly values?: string;
  /** Long names and the letter that each stands for. */
  readonly long?: Readonly<Record<string, string>>;
  readonly stopAtOperand?: boolean;
  readonly digits?: string;
}

export interface CommandLine {
  has(name: string): boolean;
  /** How often an option was given. */
  count(name: string): number;
  /** The last value given. */
  value(name: string): string | undefined;
  values(name: string): readonly string[];
  readonly operands: readonly string[];
}

/** The user gave something that the command doesn't take. */
export class UsageError extends Error {
  readonly code = 'usage';

  constructor(
    message: string,
    readonly status = 1,
    /** The option as it was given, without dashes. */
    readonly option = '',
  ) {
    super(message);
    this.name = 'UsageError';
  }
}

/** @throws UsageError in the C library's words */
export function parseCommandLine(args: readonly string[], spec: OptionSpec): CommandLine {
  const reader = new OptionReader(args, spec);
  reader.read();
  return reader;
}

/** @throws UsageError in the C library's words */
export function parseOptions(args: readonly string[], rules: OptionRules): CommandLine {
  const { flags = '', values = '', long = {}, stopAtOperand, digits } = rules;
  const valued = Object.entries(long).filter(([, letter]) => values.includes(letter));
  const plain = Object.entries(long).filter(([, letter]) => !values.includes(letter));
  return parseCommandLine(args, {
    short: `${[...values].map((letter) => `${letter}:`).join('')}${flags}`,
    flags: Object.fromEntries(plain),
    values: Object.fromEntries(valued),
    stopAtOperand,
    digits,
  });
}

class OptionReader implements CommandLine {
  readonly operands: string[] = [];
  readonly #options = new Map<string, string[]>();
  #at = 0;

  constructor(
    private readonly args: readonly string[],
    private readonly spec: OptionSpec,
  ) {}

  has(name: string): boolean {
    return this.#options.has(name);
  }

  count(name: string): number {
    return this.values(name).length;
  }

  value(name: string): string | undefined {
    return this.values(name).at(-1);
  }

  values(name: string): readonly string[] {
    return this.#options.get(name) ?? [];
  }

  read(): void {
    for (; this.#at < this.args.length; this.#at++) {
      const word = this.args[this.#at] ?? '';
      if (word === '--') {
        this.operands.push(...this.args.slice(this.#at + 1));
        return;
      }
      if (word.startsWith('--')) this.#long(word.slice(2));
      else if (/^-./.test(word)) this.#letters(word.slice(1));
      else if (this.spec.stopAtOperand) {
        this.operands.push(...this.args.slice(this.#at));
        return;
      } else this.operands.push(word);
    }
  }

  #add(name: string, value: string): void {
    this.#options.set(name, [...this.values(name), value]);
  }

  #long(word: string): void {
    const [name = '', ...rest] = word.split('=');
    const attached = rest.length > 0 ? rest.join('=') : undefined;
    const flag = namedIn(this.spec.flags, name);
    if (flag !== undefined) return this.#add(flag, attached ?? '');
    const valued = namedIn(this.spec.values, name);
    if (valued === undefined) throw new UsageError(`unrecognized option '--${name}'`, 1, name);
    this.#add(valued, attached ?? this.#next(`option '--${name}' requires an argument`, name));
  }

  #letters(letters: string): void {
    const { short, digits } = this.spec;
    if (digits !== undefined && /^[0-9]+$/.test(letters)) return this.#add(digits, letters);
    for (let i = 0; i < letters.length; i++) {
      const letter = letters.charAt(i);
      const place = letter === ':' ? -1 : short.indexOf(letter);
      if (place < 0) throw new UsageError(`invalid option -- '${letter}'`, 1, letter);
      if (short.charAt(place + 1) === ':') {
        const attached = letters.slice(i + 1);
        return this.#add(letter, attached || this.#next(`option requires an argument -- '${letter}'`, letter));
      }
      this.#add(letter, '');
    }
  }

  /** The next word is the option's value. */
  #next(complaint: string, option: string): string {
    const value = this.args[++this.#at];
    if (value === undefined) throw new UsageError(complaint, 1, option);
    return value;
  }
}

function namedIn(names: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return names && Object.hasOwn(names, name) ? names[name] : undefined;
}
