/**
 * The encodings of bodies. Pluggable: an encoding that can carry whole objects joins the table below, and nothing in a
 * handler changes (upstream: apimachinery pkg/runtime/serializer).
 *
 * Invariant: what an encoding needs is loaded by `prepare` before it is used; JSON and msgpack are always at hand.
 */
import {
  type KubeObject,
  loadProtobuf,
  PROTOBUF,
  type ProtobufCodec,
  Schema,
  statusErrors,
  type TypeMeta,
  watchFrame,
  withoutManagedFields,
} from '@regatta/api';
import { encode, MSGPACK } from '@regatta/bus';
import type { Encoding } from '../storage/object-storage.ts';

export interface BodyEncoding {
  readonly mediaType: string;
  /** The encoding whose shared bytes storage keeps; undefined: made anew for each answer. */
  readonly shared?: Encoding;
  encode(value: unknown, pretty: boolean): Uint8Array;
  /** Watches in this encoding. */
  readonly stream?: {
    readonly mediaType: string;
    /** One event. */
    frame(type: string, object: unknown): Uint8Array;
  };
  /** A list of objects, from bytes that are made once for each; for encodings without `shared`. */
  list?(head: TypeMeta, items: readonly object[]): Uint8Array;
  /** Loads what the encoding needs and answers only rarely do. */
  readonly prepare?: () => Promise<unknown>;
}

const json: BodyEncoding = {
  mediaType: 'application/json',
  shared: 'json',
  encode: (value, pretty) => Buffer.from(`${pretty ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)}\n`),
  stream: {
    mediaType: 'application/json',
    frame: (type, object) => Buffer.from(`${JSON.stringify({ type, object })}\n`),
  },
};

/** The components' encoding: objects leave out who owns their fields, which no component reads (ADR 0140). */
const msgpack: BodyEncoding = {
  mediaType: MSGPACK,
  shared: 'msgpack',
  encode: (value) => encode(forComponents(value)),
  stream: { mediaType: MSGPACK, frame: (type, object) => encode([type, forComponents(object)]) },
};

function forComponents(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && 'metadata' in value;
  return isObject ? withoutManagedFields(value as KubeObject) : value;
}

const yaml: BodyEncoding = {
  mediaType: 'application/yaml',
  encode: (value) => Buffer.from(toYaml(value)),
  prepare: async () => {
    yamlText ??= (await import('./yaml-text.ts')).toYaml;
  },
};

let yamlText: ((value: unknown) => string) | undefined;

function toYaml(value: unknown): string {
  if (!yamlText) throw new Error('the YAML encoder was used before it was loaded');
  return yamlText(value);
}

let codec: ProtobufCodec | undefined;

/** The one reader and writer of protobuf in this process. */
export async function protobufCodec(): Promise<ProtobufCodec> {
  codec ??= await loadProtobuf(Schema.load());
  return codec;
}

/** Messages of objects that are still used: gets, lists and watches of the same state share them. */
const messages = new WeakMap<object, Uint8Array>();

const protobuf: BodyEncoding = {
  mediaType: PROTOBUF,
  encode: (value) => toProtobuf(value as TypeMeta),
  stream: {
    mediaType: `${PROTOBUF};stream=watch`,
    frame: (type, object) => watchFrame(type, toProtobuf(object as TypeMeta)),
  },
  list: (head, items) => loadedCodec().list(head, items.map(messageOf)),
  prepare: protobufCodec,
};

function loadedCodec(): ProtobufCodec {
  if (!codec) throw new Error('the protobuf encoder was used before it was loaded');
  return codec;
}

/** @throws StatusError 406 for what has no message */
function toProtobuf(value: TypeMeta): Uint8Array {
  const writer = loadedCodec();
  if (!writer.knows(value)) {
    throw statusErrors.notAcceptable(
      `object *v1.${value.kind} does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message`,
    );
  }
  return writer.wrapped(value, messageOf(value));
}

function messageOf(value: TypeMeta): Uint8Array {
  let bytes = messages.get(value);
  if (!bytes) {
    bytes = loadedCodec().message(value);
    messages.set(value, bytes);
  }
  return bytes;
}

const BY_MEDIA_TYPE: ReadonlyMap<string, BodyEncoding> = new Map([
  ['*/*', json],
  ['application/*', json],
  [json.mediaType, json],
  [yaml.mediaType, yaml],
  [protobuf.mediaType, protobuf],
  [msgpack.mediaType, msgpack],
]);

const ADVERTISED: readonly string[] = ['application/json', 'application/yaml', PROTOBUF];

export const encodings = {
  json,
  yaml,
  msgpack,
  forMediaType: (type: string): BodyEncoding | undefined => BY_MEDIA_TYPE.get(type),
  /** What messages about media types name: upstream's list. */
  advertised: ADVERTISED,
  advertisedStreams: ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'],
  /** Whether it is the name of an encoding, no pattern. */
  isWhole: (type: string): boolean => ADVERTISED.includes(type) || type === MSGPACK,
};
