/**
 * Options of applets: letters, letters with values, and long names; operands may stand before options, as GNU and
 * busybox allow.
 */
export interface OptionRules {
  /** Letters without a value. */
  readonly flags?: string;
  /** Letters with a value. */
  readonly values?: string;
  /** Long names and the letter that each stands for. */
  readonly long?: Readonly<Record<string, string>>;
  /** Options end at the first operand (what follows is another command's). */
  readonly stopAtOperand?: boolean;
  /** `-5` is the value of this letter. */
  readonly digits?: string;
}

export interface CommandLine {
  has(letter: string): boolean;
  /** The last value given. */
  value(letter: string): string | undefined;
  values(letter: string): readonly string[];
  readonly operands: readonly string[];
}

/** The user gave something that the applet doesn't take. */
export class UsageError extends Error {
  readonly code = 'usage';

  constructor(
    message: string,
    readonly status = 1,
  ) {
    super(message);
    this.name = 'UsageError';
  }
}

/** @throws UsageError */
export function parseOptions(args: readonly string[], rules: OptionRules): CommandLine {
  const reader = new OptionReader(args, rules);
  reader.read();
  return reader;
}

class OptionReader implements CommandLine {
  readonly operands: string[] = [];
  readonly #options = new Map<string, string[]>();
  #at = 0;

  constructor(
    private readonly args: readonly string[],
    private readonly rules: OptionRules,
  ) {}

  has(letter: string): boolean {
    return this.#options.has(letter);
  }

  value(letter: string): string | undefined {
    return this.#options.get(letter)?.at(-1);
  }

  values(letter: string): readonly string[] {
    return this.#options.get(letter) ?? [];
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
      else if (this.rules.stopAtOperand) {
        this.operands.push(...this.args.slice(this.#at));
        return;
      } else this.operands.push(word);
    }
  }

  #add(letter: string, value: string): void {
    this.#options.set(letter, [...(this.#options.get(letter) ?? []), value]);
  }

  #long(word: string): void {
    const [name = '', ...rest] = word.split('=');
    const letter = this.rules.long?.[name];
    if (letter === undefined) throw new UsageError(`unrecognized option '--${name}'`);
    if (!this.rules.values?.includes(letter)) return this.#add(letter, rest.join('='));
    this.#add(letter, rest.length > 0 ? rest.join('=') : this.#next(letter));
  }

  #letters(letters: string): void {
    const { flags = '', values = '', digits } = this.rules;
    if (digits !== undefined && /^[0-9]+$/.test(letters)) return this.#add(digits, letters);
    for (let i = 0; i < letters.length; i++) {
      const letter = letters.charAt(i);
      if (values.includes(letter)) {
        this.#add(letter, i + 1 < letters.length ? letters.slice(i + 1) : this.#next(letter));
        return;
      }
      if (!flags.includes(letter)) throw new UsageError(`invalid option -- '${letter}'`);
      this.#add(letter, '');
    }
  }

  #next(letter: string): string {
    const value = this.args[++this.#at];
    if (value === undefined) throw new UsageError(`option requires an argument -- '${letter}'`);
    return value;
  }
}
