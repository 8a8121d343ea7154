/**
 * What `set` switches.
 */
import type { Dialect } from '../dialect.ts';

export const OPTION_NAMES = {
  allexport: 'a',
  errexit: 'e',
  hashall: 'h',
  ignoreeof: '',
  interactive: 'i',
  keyword: 'k',
  monitor: 'm',
  noclobber: 'C',
  noexec: 'n',
  noglob: 'f',
  notify: 'b',
  nounset: 'u',
  pipefail: '',
  posix: '',
  stdin: 's',
  verbose: 'v',
  xtrace: 'x',
  errtrace: 'E',
  functrace: 'T',
  physical: 'P',
  braceexpand: 'B',
  histexpand: 'H',
  history: '',
  vi: '',
  emacs: '',
  nolog: '',
  debug: '',
} as const satisfies Readonly<Record<string, string>>;

export type OptionName = keyof typeof OPTION_NAMES;

export class Options {
  readonly #on: Set<OptionName>;
  /** Commands come from `-c`. */
  fromArgument = false;

  constructor(on: Iterable<OptionName> = []) {
    this.#on = new Set(on);
  }

  has(name: OptionName): boolean {
    return this.#on.has(name);
  }

  set(name: OptionName, on: boolean): void {
    if (on) this.#on.add(name);
    else this.#on.delete(name);
  }

  fork(): Options {
    const copy = new Options(this.#on);
    copy.fromArgument = this.fromArgument;
    return copy;
  }

  /** `$-` */
  letters(dialect: Dialect): string {
    const own = (Object.keys(OPTION_NAMES) as OptionName[])
      .filter((name) => this.#on.has(name))
      .map((name) => OPTION_NAMES[name])
      .join('');
    const script = this.fromArgument && dialect !== 'dash' ? 'c' : '';
    return dialect === 'bash' ? own + script : script + own;
  }
}

export function optionOfLetter(letter: string): OptionName | undefined {
  return (Object.keys(OPTION_NAMES) as OptionName[]).find((name) => OPTION_NAMES[name] === letter && letter !== '');
}

export function optionOfName(name: string): OptionName | undefined {
  return Object.hasOwn(OPTION_NAMES, name) ? (name as OptionName) : undefined;
}
