/**
 * The encodings of bodies. Pluggable: an encoding that can carry whole objects joins the table below, and nothing in a
 * handler changes (Kubernetes protobuf is still to come; upstream: apimachinery pkg/runtime/serializer).
 */
import { encode, MSGPACK } from '@regatta/bus';
import type { Encoding } from '../storage/object-storage.ts';

export interface BodyEncoding {
  readonly mediaType: string;
  /** Content type of a watch in this encoding. */
  readonly streamType: string;
  /** The encoding whose shared bytes storage keeps; undefined: made anew for each answer. */
  readonly shared?: Encoding;
  encode(value: unknown, pretty: boolean): Uint8Array;
  /** One event of a watch. */
  frame(type: string, object: unknown): Uint8Array;
}

const json: BodyEncoding = {
  mediaType: 'application/json',
  streamType: 'application/json',
  shared: 'json',
  encode: (value, pretty) => Buffer.from(`${pretty ? JSON.stringify(value, undefined, 2) : JSON.stringify(value)}\n`),
  frame: (type, object) => Buffer.from(`${JSON.stringify({ type, object })}\n`),
};

const msgpack: BodyEncoding = {
  mediaType: MSGPACK,
  streamType: MSGPACK,
  shared: 'msgpack',
  encode: (value) => encode(value),
  frame: (type, object) => encode([type, object]),
};

const yaml: BodyEncoding = {
  mediaType: 'application/yaml',
  streamType: 'application/yaml',
  encode: (value) => Buffer.from(toYaml(value)),
  frame: (type, object) => Buffer.from(`---\n${toYaml({ type, object })}`),
};

let yamlText: ((value: unknown) => string) | undefined;

/** Loads the YAML library, which answers need only rarely. */
export async function prepareYaml(): Promise<void> {
  yamlText ??= (await import('./yaml-text.ts')).toYaml;
}

function toYaml(value: unknown): string {
  if (!yamlText) throw new Error('the YAML encoder was used before it was loaded');
  return yamlText(value);
}

const BY_MEDIA_TYPE: ReadonlyMap<string, BodyEncoding> = new Map([
  ['*/*', json],
  ['application/*', json],
  [json.mediaType, json],
  [yaml.mediaType, yaml],
  [msgpack.mediaType, msgpack],
]);

export const encodings = {
  json,
  yaml,
  msgpack,
  forMediaType: (type: string): BodyEncoding | undefined => BY_MEDIA_TYPE.get(type),
  /** What messages about media types name: upstream's list. */
  advertised: ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const,
};
