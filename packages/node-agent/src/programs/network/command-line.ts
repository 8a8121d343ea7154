/**
 * Options of a command as getopt_long(3) reads them: short ones may be joined, values may be attached, options may
 * stand after operands, `--` ends them.
 */
export interface OptionSpec {
  /** Short options as getopt's text: `vw:` has a -v and a -w with a value. */
  readonly short: string;
  /** Long options without a value, by the short or other name that they count as. */
  readonly flags?: Readonly<Record<string, string>>;
  /** The same for those with a value. */
  readonly values?: Readonly<Record<string, string>>;
  /** Single-dash words that are no joined short options (`dig -x`, `ip -4`). */
  readonly operandsAsGiven?: boolean;
}

export interface CommandLine {
  has(name: string): boolean;
  /** How often a flag was given. */
  count(name: string): number;
  value(name: string): string | undefined;
  values(name: string): readonly string[];
  readonly operands: readonly string[];
}

export class UsageError extends Error {
  readonly code = 'usage';

  constructor(
    message: string,
    /** The option as it was given, without dashes. */
    readonly option: string,
  ) {
    super(message);
  }
}

/** @throws UsageError in the C library's words */
export function parseCommandLine(args: readonly string[], spec: OptionSpec): CommandLine {
  const found = new Map<string, string[]>();
  const operands: string[] = [];
  const add = (name: string, value: string): void => void found.set(name, [...(found.get(name) ?? []), value]);
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    if (word === '--') {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) operands.push(word);
    else if (word.startsWith('--')) i = readLong(word.slice(2), args, i, spec, add);
    else i = readShort(word, args, i, spec.short, add);
  }
  return {
    has: (name) => found.has(name),
    count: (name) => found.get(name)?.length ?? 0,
    value: (name) => found.get(name)?.at(-1),
    values: (name) => found.get(name) ?? [],
    operands,
  };
}

type Add = (name: string, value: string) => void;

function readLong(text: string, args: readonly string[], at: number, spec: OptionSpec, add: Add): number {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const flag = spec.flags && Object.hasOwn(spec.flags, name) ? spec.flags[name] : undefined;
  const valued = spec.values && Object.hasOwn(spec.values, name) ? spec.values[name] : undefined;
  if (flag !== undefined) {
    add(flag, '');
    return at;
  }
  if (valued === undefined) throw new UsageError(`unrecognized option '--${name}'`, name);
  if (equals >= 0) {
    add(valued, text.slice(equals + 1));
    return at;
  }
  const next = args[at + 1];
  if (next === undefined) throw new UsageError(`option '--${name}' requires an argument`, name);
  add(valued, next);
  return at + 1;
}

function readShort(word: string, args: readonly string[], at: number, short: string, add: Add): number {
  for (let j = 1; j < word.length; j++) {
    const letter = word.charAt(j);
    const place = letter === ':' ? -1 : short.indexOf(letter);
    if (place < 0) throw new UsageError(`invalid option -- '${letter}'`, letter);
    if (short.charAt(place + 1) !== ':') {
      add(letter, '');
      continue;
    }
    const attached = word.slice(j + 1);
    const value = attached === '' ? args[at + 1] : attached;
    if (value === undefined) throw new UsageError(`option requires an argument -- '${letter}'`, letter);
    add(letter, value);
    return attached === '' ? at + 1 : at;
  }
  return at;
}
