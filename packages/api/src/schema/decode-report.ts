/**
 * What a decode found besides the object: where it stands, what is unknown, the first wrong type.
 *
 * Upstream behaviour modelled (sigs.k8s.io/json, a strict fork of Go's encoding/json): decoding goes on after a wrong type
 * and the first one is the answer; a value that its own parser refuses (quantity, time …) ends it at once and wins; unknown
 * fields only matter when nothing else is wrong.
 */

/** A field as it appears in paths. */
export interface PathField {
  readonly name: string;
  /** The Go struct it belongs to: `Container`. */
  readonly owner: string;
  readonly embeddedIn?: string | undefined;
}

/** Field, list index or map key. */
type PathPart = PathField | number | string;

/** Upstream's cap on strict errors of one object. */
const MAX_STRICT_ERRORS = 100;

/** A body that is not what its type says; `message` is Go's. */
export class DecodeError extends Error {
  constructor(
    /** `type`: JSON of the wrong type. `value`: the right type, but its content can't be read. */
    readonly code: 'type' | 'value',
    message: string,
  ) {
    super(message);
    this.name = 'DecodeError';
  }
}

export class DecodeReport {
  /** `unknown field "spec.x"` */
  readonly strictErrors: string[] = [];
  private readonly path: PathPart[] = [];
  private depth = 0;
  /** Where the outermost value with a parser of its own stands. */
  private apartAt: number | undefined;
  private firstError: DecodeError | undefined;

  push(part: PathPart): void {
    this.path[this.depth++] = part;
  }

  pop(): void {
    this.depth--;
  }

  unknownField(name: string): void {
    if (this.apartAt !== undefined || this.strictErrors.length >= MAX_STRICT_ERRORS) return;
    const parent = this.strictPath();
    this.strictErrors.push(`unknown field "${parent === '' ? name : `${parent}.${name}`}"`);
  }

  /**
   * A value whose parser decodes JSON anew: unknown fields in it are dropped without a word, and the first wrong type in it
   * ends the decoding, told as one of the struct that holds the value. @throws DecodeError
   */
  apart<T>(decode: () => T): T {
    const { firstError, apartAt } = this;
    this.firstError = undefined;
    this.apartAt ??= this.depth;
    try {
      const decoded = decode();
      this.finish();
      return decoded;
    } finally {
      this.firstError = firstError;
      this.apartAt = apartAt;
    }
  }

  /** @param what Go's name of the JSON found: `string`, `number 1.5` … */
  wrongType(what: string, goType: string): void {
    if (!this.firstError) this.saveError(this.typeError(what, goType));
  }

  typeError(what: string, goType: string): DecodeError {
    return new DecodeError('type', `json: cannot unmarshal ${what} into ${this.goTarget()}${goType}`);
  }

  /** Keeps the first. */
  saveError(error: DecodeError): void {
    this.firstError ??= error;
  }

  /** @throws DecodeError when a type was wrong */
  finish(): void {
    if (this.firstError) throw this.firstError;
  }

  private strictPath(): string {
    let text = '';
    for (let i = 0; i < this.depth; i++) {
      const part = this.path[i];
      if (typeof part === 'number') text += `[${part}]`;
      else if (part !== undefined) text += `${text === '' ? '' : '.'}${typeof part === 'string' ? part : part.name}`;
    }
    return text;
  }

  /** `Go struct field Container.spec.containers.ports of type `, or `Go value of type ` at the top. */
  private goTarget(): string {
    const names: string[] = [];
    let owner = '';
    for (let i = 0; i < this.depth; i++) {
      const part = this.path[i];
      if (typeof part !== 'object') continue;
      if (part.embeddedIn) names.push(part.embeddedIn);
      names.push(part.name);
      if (i < (this.apartAt ?? this.depth)) owner = part.owner;
    }
    return owner === '' ? 'Go value of type ' : `Go struct field ${owner}.${names.join('.')} of type `;
  }
}
