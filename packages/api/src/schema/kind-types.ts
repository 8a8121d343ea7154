/**
 * What handlers, patches and owners of fields ask of the types of a kind: the facts answer for built-in kinds (schema.ts),
 * a structural schema for custom ones.
 */
import type { Decoder, TypeSource } from './decoder.ts';

export interface KindTypes extends TypeSource {
  decoder(typeId: string): Decoder;
  /** Sets the defaults that the type declares, in place. Idempotent. */
  defaults(typeId: string): (object: object) => void;
  /** Puts an object, in place, into the form that storing gives it. */
  storedForm(typeId: string): (object: object) => void;
  /** Undefined for a kind that these types don't know. */
  typeIdOf(group: string, version: string, kind: string): string | undefined;
}
