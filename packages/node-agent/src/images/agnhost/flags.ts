/**
 * Flags of the subcommands as Go's pflag reads them: `--name=value`, `--name value`, `--name` for switches, `-n value`.
 */
export interface FlagSpec {
  /** Flags that need no value. */
  readonly switches?: readonly string[];
  /** Long names by their letter. */
  readonly letters?: Readonly<Record<string, string>>;
}

export interface Flags {
  text(name: string, otherwise: string): string;
  number(name: string, otherwise: number): number;
  isSet(name: string, otherwise?: boolean): boolean;
  /** Milliseconds; Go's durations: 5s, 1m30s, 500ms. */
  duration(name: string, otherwise: number): number;
  readonly operands: readonly string[];
}

export function parseFlags(words: readonly string[], { switches = [], letters = {} }: FlagSpec = {}): Flags {
  const found = new Map<string, string>();
  const operands: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const given = (equals < 0 ? word : word.slice(0, equals)).replace(/^--?/, '');
    const name = letters[given] ?? given;
    if (equals >= 0) found.set(name, word.slice(equals + 1));
    else if (switches.includes(name)) found.set(name, 'true');
    else found.set(name, words[++i] ?? '');
  }
  return {
    text: (name, otherwise) => found.get(name) ?? otherwise,
    number: (name, otherwise) => Number(found.get(name) ?? otherwise),
    isSet: (name, otherwise = false) => (found.get(name) ?? String(otherwise)) === 'true',
    duration: (name, otherwise) => parseGoDuration(found.get(name) ?? '') ?? otherwise,
    operands,
  };
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds; undefined for text that is no duration. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}
