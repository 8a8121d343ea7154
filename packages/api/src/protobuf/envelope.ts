/**
 * Kubernetes' protobuf bodies: four magic bytes, then runtime.Unknown with the kind and the object's bytes
 * (upstream: apimachinery pkg/runtime/serializer/protobuf).
 */
import { parseApiVersion } from '../group-resource.ts';
import type { Schema } from '../schema/schema.ts';
import { decodeMessage } from './decode-message.ts';
import { encodeMessage } from './encode-message.ts';
import { MessageCatalogue, messageNameOf, type RawProtobuf } from './message-info.ts';
import { ProtobufError, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Bytes that an envelope adds to a message, and a list to an item: more is made room for when it is needed. */
const ENVELOPE_ROOM = 256;
const ITEM_ROOM = 8;
/** Bytes that are kept to write the next message in. */
const LARGEST_SCRATCH = 256 * 1024;

interface Unknown {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Buffer;
}

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1';
/** Kinds of the API machinery that the schema knows no type of; they are served in every group. */
const META_KINDS = new Set(['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions', 'Status']);

export class ProtobufCodec {
  readonly #catalogue: MessageCatalogue;
  /** Where messages are made, one after the other. */
  #scratch = new WireWriter();

  constructor(
    facts: RawProtobuf,
    readonly schema: Schema,
  ) {
    this.#catalogue = new MessageCatalogue(facts, schema);
  }

  /**
   * The body as a JSON value with apiVersion and kind.
   * @throws ProtobufError when it is malformed or of a kind that has no message
   */
  decode(body: Uint8Array): Record<string, unknown> {
    const { apiVersion, kind, raw } = readEnvelope(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    const message = this.#messageOf(apiVersion, kind);
    if (message === undefined) {
      throw new ProtobufError(
        `no message is known for kind ${JSON.stringify(kind)} of version ${JSON.stringify(apiVersion)}`,
      );
    }
    const object = decodeMessage(this.#catalogue, message, new WireReader(raw));
    return { apiVersion, kind, ...(object as Record<string, unknown>) };
  }

  /** Whether objects of this kind can be written. */
  knows({ apiVersion = '', kind = '' }: TypeMeta): boolean {
    return this.#messageOf(apiVersion, kind) !== undefined;
  }

  /** @throws ProtobufError when no message is known for the value's kind */
  encode(value: TypeMeta): Buffer {
    const writer = new WireWriter();
    this.#write(value, writer);
    return writer.finish();
  }

  /** The content of the value's message, as envelopes and lists have it inside. @throws ProtobufError as `encode` */
  message(value: TypeMeta): Buffer {
    this.#scratch.discard(0);
    encodeMessage(this.#catalogue, this.#required(value), value, this.#scratch);
    const content = this.#scratch.finish();
    if (content.length > LARGEST_SCRATCH) this.#scratch = new WireWriter();
    return content;
  }

  /** An object of which `message` made the content. */
  wrapped(type: TypeMeta, content: Uint8Array): Buffer {
    const writer = new WireWriter(content.length + ENVELOPE_ROOM);
    this.#envelope(type, writer, () => writer.append(content));
    return writer.finish();
  }

  /** A list: its own fields, and its items as `message` made them. @throws ProtobufError as `encode` */
  list(head: TypeMeta, items: readonly Uint8Array[]): Buffer {
    const message = this.#required(head);
    const number = this.#catalogue.plan(message).fields.find(([, { name }]) => name === 'items')?.[0];
    if (number === undefined) throw new ProtobufError(`${message} is no list`);
    const size = items.reduce((sum, item) => sum + item.length + ITEM_ROOM, ENVELOPE_ROOM);
    const writer = new WireWriter(size);
    this.#envelope(head, writer, () => {
      encodeMessage(this.#catalogue, message, head, writer);
      for (const item of items) writer.raw(number, item);
    });
    return writer.finish();
  }

  /** An event of a watch: a WatchEvent around an object with its envelope, its length in four bytes before it. */
  frame(type: string, object: TypeMeta): Buffer {
    return watchFrame(type, this.encode(object));
  }

  /** @throws ProtobufError */
  #required({ apiVersion = '', kind = '' }: TypeMeta): string {
    const message = this.#messageOf(apiVersion, kind);
    if (message === undefined) throw new ProtobufError(`kind ${kind} of version ${apiVersion} has no message`);
    return message;
  }

  #write(value: TypeMeta, writer: WireWriter): void {
    const message = this.#required(value);
    this.#envelope(value, writer, () => encodeMessage(this.#catalogue, message, value, writer));
  }

  #envelope({ apiVersion = '', kind = '' }: TypeMeta, writer: WireWriter, content: () => void): void {
    writer.append(MAGIC);
    const typeMeta = writer.open(1);
    writer.text(1, apiVersion);
    writer.text(2, kind);
    writer.close(typeMeta);
    const raw = writer.open(2);
    content();
    writer.close(raw);
    // contentEncoding and contentType: Go writes them although they are empty.
    writer.text(3, '');
    writer.text(4, '');
  }

  #messageOf(apiVersion: string, kind: string): string | undefined {
    const message = this.#messageName(apiVersion, kind);
    return message !== undefined && this.#catalogue.has(message) ? message : undefined;
  }

  #messageName(apiVersion: string, kind: string): string | undefined {
    if (META_KINDS.has(kind)) return `${META}.${kind}`;
    const gv = parseApiVersion(apiVersion);
    if (!gv) return undefined;
    // Metadata alone is the same in v1beta1, and has one message.
    if (kind === 'PartialObjectMetadata') return `${META}.${kind}`;
    if (gv.group === 'meta.k8s.io') return `${META.slice(0, -'v1'.length)}${gv.version}.${kind}`;
    if (gv.group === 'apidiscovery.k8s.io') return `k8s.io.api.apidiscovery.${gv.version}.${kind}`;
    const typeId = this.schema.typeIdOf(gv.group, gv.version, kind);
    return typeId === undefined ? undefined : messageNameOf(typeId);
  }
}

/** An object that says of which kind it is. */
export interface TypeMeta {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** @param object with its envelope */
export function watchFrame(type: string, object: Uint8Array): Buffer {
  const writer = new WireWriter(object.length + 32);
  writer.append(Buffer.alloc(4));
  writer.text(1, type);
  const raw = writer.open(2);
  writer.raw(1, object);
  writer.close(raw);
  const frame = writer.finish();
  frame.writeUInt32BE(frame.length - 4, 0);
  return frame;
}

/** Reads the facts, which are large: for when protobuf is first spoken. */
export async function loadProtobuf(schema: Schema): Promise<ProtobufCodec> {
  const { default: facts } = await import('../../facts/protobuf.json', { with: { type: 'json' } });
  return new ProtobufCodec(facts, schema);
}

function readEnvelope(body: Buffer): Unknown {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ProtobufError('the body does not begin with the bytes 6b 38 73 00');
  }
  const reader = new WireReader(body, MAGIC.length);
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  while (!reader.done) {
    const { field, wireType } = reader.tag();
    if (field === 1) ({ apiVersion, kind } = readTypeMeta(reader.slice()));
    else if (field === 2) raw = reader.slice().rest();
    else reader.skip(wireType);
  }
  return { apiVersion, kind, raw };
}

function readTypeMeta(reader: WireReader): { readonly apiVersion: string; readonly kind: string } {
  let apiVersion = '';
  let kind = '';
  while (!reader.done) {
    const { field, wireType } = reader.tag();
    if (field === 1) apiVersion = reader.slice().rest().toString();
    else if (field === 2) kind = reader.slice().rest().toString();
    else reader.skip(wireType);
  }
  return { apiVersion, kind };
}
