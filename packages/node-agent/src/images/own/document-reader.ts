/**
 * Reads a document that people write, field by field; what is wrong is said with the field's place, all of it at once.
 */
export class DocumentProblems {
  readonly #problems: string[] = [];

  add(place: string, problem: string): void {
    this.#problems.push(place === '' ? problem : `${place}: ${problem}`);
  }

  get all(): readonly string[] {
    return this.#problems;
  }
}

/** A mapping whose fields are read one after the other; `end` complains of those that nobody has read. */
export class FieldReader {
  readonly #known = new Set<string>();
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(
    value: unknown,
    private readonly place: string,
    private readonly problems: DocumentProblems,
  ) {
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isMapping) problems.add(place, 'must be a mapping of names to values');
    this.#fields = new Map(isMapping ? Object.entries(value) : []);
  }

  #read(name: string): unknown {
    this.#known.add(name);
    return this.#fields.get(name) ?? undefined;
  }

  #wrong(name: string, problem: string): undefined {
    this.problems.add(this.at(name), problem);
    return undefined;
  }

  at(name: string): string {
    return this.place === '' ? name : `${this.place}.${name}`;
  }

  raw(name: string): unknown {
    return this.#read(name);
  }

  text(name: string): string | undefined {
    const value = this.#read(name);
    if (value === undefined || typeof value === 'string') return value;
    return this.#wrong(name, 'must be a text');
  }

  /** A text of some form; `convert` answers undefined for what has not got it. */
  formed<T>(name: string, form: string, convert: (text: string) => T | undefined): T | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    const converted = typeof value === 'string' || typeof value === 'number' ? convert(String(value)) : undefined;
    return converted ?? this.#wrong(name, `must be ${form}`);
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
    return fits ? value : this.#wrong(name, `must be a whole number from ${least} to ${most}`);
  }

  flag(name: string): boolean | undefined {
    const value = this.#read(name);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.#wrong(name, 'must be true or false');
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    return this.#wrong(name, 'must be a list of texts');
  }

  textMap(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    const entries = isMapping ? Object.entries(value) : [];
    if (isMapping && entries.every(([, text]) => typeof text === 'string')) return Object.fromEntries(entries);
    return this.#wrong(name, 'must be a mapping of names to texts');
  }

  list<T>(name: string, read: (value: unknown, place: string) => T): readonly T[] | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.#wrong(name, 'must be a list');
    return value.map((item, i) => read(item, `${this.at(name)}[${i}]`));
  }

  nested(name: string): FieldReader | undefined {
    const value = this.#read(name);
    return value === undefined ? undefined : new FieldReader(value, this.at(name), this.problems);
  }

  required<T>(name: string, value: T | undefined): T | undefined {
    if (!this.#fields.has(name)) this.#wrong(name, 'is missing');
    return value;
  }

  end(): void {
    const known = [...this.#known].join(', ');
    for (const name of this.#fields.keys()) {
      if (!this.#known.has(name)) this.problems.add(this.at(name), `is unknown here; known are ${known}`);
    }
  }
}
