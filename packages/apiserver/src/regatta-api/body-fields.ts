/**
 * Bodies of requests to Regatta's own paths: one small JSON object, read strictly. What nobody asked for is refused, so
 * that a mistyped field never does something else than its writer meant.
 */
import { ExactNumber, parseJson, statusErrors } from '@regatta/api';
import type { ServerRequest } from '../server/exchange.ts';

/** Bytes. Nothing here needs more than a few hundred. */
export const LARGEST_REGATTA_BODY = 64 * 1024;

export class BodyFields {
  readonly #left: Map<string, unknown>;

  private constructor(value: object) {
    this.#left = new Map(Object.entries(value));
  }

  /** An empty body is an empty object. @throws StatusError 400, 413 */
  static async read(request: ServerRequest): Promise<BodyFields> {
    const bytes = await request.body();
    if (bytes.byteLength > LARGEST_REGATTA_BODY)
      throw statusErrors.requestEntityTooLarge(`limit is ${LARGEST_REGATTA_BODY}`);
    if (bytes.byteLength === 0) return new BodyFields({});
    const { value, duplicates } = parse(bytes);
    if (duplicates.length > 0) throw strictError(duplicates);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw statusErrors.badRequest('the body must be a JSON object');
    return new BodyFields(value);
  }

  string(field: string): string | undefined {
    return this.#take(field, 'a string', (value) => typeof value === 'string');
  }

  number(field: string): number | undefined {
    // A number whose text says more than its value (`1.0`) is a number all the same.
    const value = this.#take<number | ExactNumber>(
      field,
      'a number',
      (found) => typeof found === 'number' || found instanceof ExactNumber,
    );
    return value instanceof ExactNumber ? value.toNumber() : value;
  }

  strings(field: string): readonly string[] | undefined {
    return this.#take(
      field,
      'a list of strings',
      (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
    );
  }

  /** @throws StatusError 400 */
  required<T>(field: string, value: T | undefined): T {
    if (value === undefined) throw statusErrors.badRequest(`field "${field}" is required`);
    return value;
  }

  /** To be called when every field was asked for. @throws StatusError 400 for those that nobody asked for */
  done(): void {
    const unknown = [...this.#left.keys()];
    if (unknown.length > 0) throw strictError(unknown.map((field) => `unknown field "${field}"`));
  }

  #take<T>(field: string, what: string, fits: (value: unknown) => boolean): T | undefined {
    const value = this.#left.get(field);
    this.#left.delete(field);
    if (value === undefined || value === null) return undefined;
    if (!fits(value)) throw statusErrors.badRequest(`field "${field}" must be ${what}`);
    return value as T;
  }
}

function parse(bytes: Uint8Array): ReturnType<typeof parseJson> {
  try {
    return parseJson(bytes);
  } catch (error) {
    throw statusErrors.badRequest(error instanceof Error ? error.message : String(error));
  }
}

function strictError(problems: readonly string[]): Error {
  return statusErrors.badRequest(`strict decoding error: ${problems.join(', ')}`);
}
