/**
 * A shell's variables: texts, and in bash arrays and tables; which are exported or read-only; and the values that
 * functions hide with `local` until they return.
 *
 * Invariant: what is kept is charged to the process's memory account, so that a script that only ever grows a variable
 * is ended by its container's limit.
 */
import { ReadOnlyError, ShellError } from '../shell-error.ts';

export interface Variable {
  value: string | undefined;
  /** Indexed array. */
  array: Map<number, string> | undefined;
  /** Associative array. */
  table: Map<string, string> | undefined;
  exported: boolean;
  readOnly: boolean;
  integer: boolean;
  letters: 'upper' | 'lower' | undefined;
  /** Another variable's name. */
  reference: boolean;
  /** Bytes of the memory account. */
  charged: number;
}

/** What variables need of the process's account. */
export interface VariableMemory {
  charge(bytes: number): void;
  release(bytes: number): void;
}

/** Highest index of an array. */
const MOST_ELEMENTS = 1_000_000;
/** What a variable takes besides its text. */
const OVERHEAD_BYTES = 96;

const NO_ACCOUNT: VariableMemory = { charge: () => {}, release: () => {} };

export class Variables {
  readonly #variables = new Map<string, Variable>();
  readonly #frames: Map<string, Variable | undefined>[] = [];

  #memory: VariableMemory = NO_ACCOUNT;
  #index: (text: string) => number = Number;

  /**
   * Binds them to the process that they are of.
   * @param index evaluates the text of an array's index
   */
  attach(memory: VariableMemory, index: (text: string) => number): void {
    this.#memory = memory;
    this.#index = index;
  }

  /** A copy for a subshell, which charges only what it changes. */
  fork(): Variables {
    const copy = new Variables();
    for (const [name, variable] of this.#variables) {
      copy.#variables.set(name, {
        ...variable,
        array: variable.array && new Map(variable.array),
        table: variable.table && new Map(variable.table),
        charged: 0,
      });
    }
    return copy;
  }

  find(name: string): Variable | undefined {
    const variable = this.#variables.get(name);
    if (variable?.reference && variable.value !== undefined && variable.value !== name)
      return this.find(variable.value);
    return variable;
  }

  get(name: string): string | undefined {
    const variable = this.find(name);
    if (variable === undefined) return undefined;
    return variable.array?.get(0) ?? variable.table?.get('0') ?? variable.value;
  }

  element(name: string, subscript: string): string | undefined {
    const variable = this.find(name);
    if (variable?.table) return variable.table.get(subscript);
    const at = this.#index(subscript);
    if (variable?.array === undefined) return at === 0 ? variable?.value : undefined;
    return variable.array.get(at < 0 ? at + length(variable.array) : at);
  }

  /** All elements of an array; a plain variable is an array of one. */
  elements(name: string): readonly string[] {
    const variable = this.find(name);
    if (variable?.table) return [...variable.table.values()];
    if (variable?.array) return ordered(variable.array).map(([, value]) => value);
    return variable?.value === undefined ? [] : [variable.value];
  }

  keys(name: string): readonly string[] {
    const variable = this.find(name);
    if (variable?.table) return [...variable.table.keys()];
    if (variable?.array) return ordered(variable.array).map(([key]) => String(key));
    return variable?.value === undefined ? [] : ['0'];
  }

  /** @throws ShellError when it is read-only */
  set(name: string, value: string): void {
    const variable = this.writable(name);
    const text = convert(variable, value);
    if (variable.array) variable.array.set(0, text);
    else if (variable.table) variable.table.set('0', text);
    else variable.value = text;
    this.#charge(variable);
  }

  setElement(name: string, subscript: string, value: string): void {
    const variable = this.writable(name);
    const text = convert(variable, value);
    if (variable.table) variable.table.set(subscript, text);
    else {
      variable.array ??= new Map(variable.value === undefined ? [] : [[0, variable.value]]);
      variable.value = undefined;
      const at = this.#index(subscript);
      const place = at < 0 ? at + length(variable.array) : at;
      if (place < 0 || place > MOST_ELEMENTS) throw new ShellError(`${name}[${subscript}]: bad array subscript`, 1);
      variable.array.set(place, text);
    }
    this.#charge(variable, text.length * 2);
  }

  setArray(name: string, values: ReadonlyMap<number, string>): void {
    const variable = this.writable(name);
    variable.value = undefined;
    variable.table = undefined;
    variable.array = new Map([...values].map(([key, value]) => [key, convert(variable, value)]));
    this.#charge(variable);
  }

  setTable(name: string, values: ReadonlyMap<string, string>): void {
    const variable = this.writable(name);
    variable.value = undefined;
    variable.array = undefined;
    variable.table = new Map(values);
    this.#charge(variable);
  }

  /** The variable to change, made when it is not there. @throws ShellError when it is read-only */
  writable(name: string): Variable {
    const variable = this.declare(name);
    if (variable.readOnly) throw new ReadOnlyError(name);
    return variable;
  }

  /** The variable, made without a value when it is not there. */
  declare(name: string): Variable {
    const found = this.find(name);
    if (found !== undefined) return found;
    const variable = emptyVariable();
    const target = this.#variables.get(name)?.value;
    this.#variables.set(target !== undefined && this.#variables.get(name)?.reference ? target : name, variable);
    return variable;
  }

  /** @throws ShellError when it is read-only */
  unset(name: string, subscript?: string): void {
    const variable = this.find(name);
    if (variable === undefined) return;
    if (variable.readOnly) throw new ReadOnlyError(name);
    if (subscript === undefined) {
      this.#memory.release(variable.charged);
      this.#variables.delete(name);
    } else if (variable.table) variable.table.delete(subscript);
    else variable.array?.delete(this.#index(subscript));
  }

  /** The innermost function's own variable; its old value comes back when the function returns. */
  local(name: string): Variable {
    const frame = this.#frames.at(-1);
    const before = this.#variables.get(name);
    if (frame === undefined || frame.has(name)) return this.declare(name);
    frame.set(name, before);
    const variable = { ...emptyVariable(), exported: before?.exported ?? false };
    this.#variables.set(name, variable);
    return variable;
  }

  /** The value that a function's variable hides, if it does. */
  get inFunction(): boolean {
    return this.#frames.length > 0;
  }

  enterFunction(): void {
    this.#frames.push(new Map());
  }

  leaveFunction(): void {
    for (const [name, before] of this.#frames.pop() ?? []) {
      this.#memory.release(this.#variables.get(name)?.charged ?? 0);
      if (before === undefined) this.#variables.delete(name);
      else this.#variables.set(name, before);
    }
  }

  names(): readonly string[] {
    return [...this.#variables.keys()].sort();
  }

  /** What programs get. */
  exported(): Map<string, string> {
    const env = new Map<string, string>();
    for (const [name, variable] of this.#variables) {
      if (variable.exported && variable.value !== undefined) env.set(name, variable.value);
    }
    return env;
  }

  /** Variables that a command has for itself: sets them, and gives back how to undo that. */
  temporary(names: readonly string[]): () => void {
    const before = names.map((name): [string, Variable | undefined] => {
      const variable = this.#variables.get(name);
      return [name, variable === undefined ? undefined : { ...variable }];
    });
    return () => {
      for (const [name, variable] of before) {
        if (variable === undefined) this.#variables.delete(name);
        else this.#variables.set(name, variable);
      }
    };
  }

  /** Counts what a variable holds now; `added` for an array that only grew. */
  #charge(variable: Variable, added?: number): void {
    const bytes = added === undefined ? sizeOf(variable) : variable.charged + added + OVERHEAD_BYTES;
    const more = bytes - variable.charged;
    variable.charged = bytes;
    if (more > 0) this.#memory.charge(more);
    else this.#memory.release(-more);
  }
}

function emptyVariable(): Variable {
  return {
    value: undefined,
    array: undefined,
    table: undefined,
    exported: false,
    readOnly: false,
    integer: false,
    letters: undefined,
    reference: false,
    charged: 0,
  };
}

function convert(variable: Variable, value: string): string {
  if (variable.letters === 'upper') return value.toUpperCase();
  return variable.letters === 'lower' ? value.toLowerCase() : value;
}

function sizeOf(variable: Variable): number {
  let bytes = OVERHEAD_BYTES + (variable.value?.length ?? 0) * 2;
  for (const value of variable.array?.values() ?? []) bytes += OVERHEAD_BYTES + value.length * 2;
  for (const [key, value] of variable.table ?? []) bytes += OVERHEAD_BYTES + (key.length + value.length) * 2;
  return bytes;
}

function ordered(array: ReadonlyMap<number, string>): readonly (readonly [number, string])[] {
  return [...array].sort(([a], [b]) => a - b);
}

/** One more than the highest index. */
function length(array: ReadonlyMap<number, string>): number {
  let highest = -1;
  for (const at of array.keys()) highest = Math.max(highest, at);
  return highest + 1;
}
