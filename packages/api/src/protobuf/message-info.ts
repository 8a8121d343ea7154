/**
 * Protobuf messages of the API, read from the facts: which field number is which JSON field.
 *
 * Messages and JSON types differ in three ways, all derived here: what Go embeds is a message of its own but inline in JSON
 * (Probe.handler, Volume.volumeSource); some names differ in case; CRD schemas use `$ref` and `x-kubernetes-…`.
 */
import type { Schema } from '../schema/schema.ts';
import { type ToFields, toMessageFields } from './well-known.ts';

export interface RawProtobuf {
  readonly messages: Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>>;
}

export type ScalarType = 'string' | 'bytes' | 'bool' | 'int32' | 'int64' | 'double';

export type ValueType = { readonly scalar: ScalarType } | { readonly message: string };

export interface MessageField {
  /** JSON name; unused for inline fields. */
  readonly name: string;
  readonly value: ValueType;
  readonly kind: 'single' | 'repeated' | 'map' | 'inline';
}

/** How a message is written. */
export interface WritePlan {
  readonly fields: readonly (readonly [number: number, field: MessageField])[];
  /** For messages whose JSON form is not an object of their fields. */
  readonly toFields: ToFields | undefined;
}

export type MessageInfo = ReadonlyMap<number, MessageField>;

const SCALARS: ReadonlySet<string> = new Set<ScalarType>(['string', 'bytes', 'bool', 'int32', 'int64', 'double']);

/** `io.k8s.api.core.v1.Pod` → `k8s.io.api.core.v1.Pod`. */
export function messageNameOf(typeId: string): string {
  return typeId.replace(/^io\.k8s\./, 'k8s.io.').replaceAll('-', '_');
}

/** The fields of each message by number, in ascending order. */
export class MessageCatalogue {
  readonly #infos = new Map<string, MessageInfo>();
  readonly #plans = new Map<string, WritePlan>();
  readonly #typeIds: ReadonlyMap<string, string>;

  constructor(
    readonly facts: RawProtobuf,
    readonly schema: Schema,
  ) {
    this.#typeIds = new Map(schema.allTypeIds.map((id) => [messageNameOf(id), id]));
  }

  has(message: string): boolean {
    return Object.hasOwn(this.facts.messages, message);
  }

  get(message: string): MessageInfo {
    let info = this.#infos.get(message);
    if (!info) {
      info = this.#read(message);
      this.#infos.set(message, info);
    }
    return info;
  }

  /** The same in a form that is quickly gone through. */
  plan(message: string): WritePlan {
    let plan = this.#plans.get(message);
    if (!plan) {
      plan = { fields: [...this.get(message)], toFields: toMessageFields(message) };
      this.#plans.set(message, plan);
    }
    return plan;
  }

  #read(message: string): MessageInfo {
    const properties = this.#propertiesOf(message);
    const fields = Object.entries(this.facts.messages[message] ?? {}).sort(([, [a]], [, [b]]) => a - b);
    return new Map(
      fields.map(([name, [number, type]]): [number, MessageField] => {
        const field = this.#field(message, type);
        const jsonName = properties && jsonNameOf(name, properties);
        const inline =
          properties !== undefined && jsonName === undefined && field.kind === 'single' && 'message' in field.value;
        return [number, inline ? { ...field, name, kind: 'inline' } : { ...field, name: jsonName ?? name }];
      }),
    );
  }

  #field(message: string, type: string): { readonly value: ValueType; readonly kind: 'single' | 'repeated' | 'map' } {
    const map = /^map<string,(.+)>$/.exec(type)?.[1];
    if (map !== undefined) return { kind: 'map', value: this.#value(message, map) };
    const repeated = /^repeated (.+)$/.exec(type)?.[1];
    return { kind: repeated === undefined ? 'single' : 'repeated', value: this.#value(message, repeated ?? type) };
  }

  /** Names without a dot are of the same package. */
  #value(message: string, type: string): ValueType {
    if (SCALARS.has(type)) return { scalar: type as ScalarType };
    if (type.includes('.')) return { message: type.replace(/^\./, '') };
    return { message: `${message.slice(0, message.lastIndexOf('.'))}.${type}` };
  }

  /** JSON names of the message's type; undefined where the facts know no type (what Go embeds). */
  #propertiesOf(message: string): ReadonlySet<string> | undefined {
    const typeId = this.#typeIds.get(message);
    const properties = typeId === undefined ? undefined : this.schema.rawType(typeId)?.properties;
    return properties && new Set(Object.keys(properties));
  }
}

function jsonNameOf(name: string, properties: ReadonlySet<string>): string | undefined {
  if (properties.has(name)) return name;
  const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const lower = name.toLowerCase();
  return (
    [`$${name}`, dashed].find((candidate) => properties.has(candidate)) ??
    [...properties].find((one) => one.toLowerCase() === lower)
  );
}
