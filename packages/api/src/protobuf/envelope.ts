/**
 * Kubernetes' protobuf bodies: four magic bytes, then runtime.Unknown with the kind and the object's bytes
 * (upstream: apimachinery pkg/runtime/serializer/protobuf).
 */
import { parseApiVersion } from '../group-resource.ts';
import type { Schema } from '../schema/schema.ts';
import { decodeMessage } from './decode-message.ts';
import { MessageCatalogue, messageNameOf, type RawProtobuf } from './message-info.ts';
import { ProtobufError, WireReader } from './wire-reader.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

interface Unknown {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Buffer;
}

export class ProtobufDecoder {
  readonly #catalogue: MessageCatalogue;

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
    const gv = parseApiVersion(apiVersion);
    const typeId = gv && this.schema.typeIdOf(gv.group, gv.version, kind);
    const message = typeId === undefined ? undefined : messageNameOf(typeId);
    if (message === undefined || !this.#catalogue.has(message)) {
      throw new ProtobufError(
        `no message is known for kind ${JSON.stringify(kind)} of version ${JSON.stringify(apiVersion)}`,
      );
    }
    const object = decodeMessage(this.#catalogue, message, new WireReader(raw));
    return { apiVersion, kind, ...(object as Record<string, unknown>) };
  }
}

/** Reads the facts, which are large, when the first protobuf body comes. */
export async function loadProtobufDecoder(schema: Schema): Promise<ProtobufDecoder> {
  const { default: facts } = await import('../../facts/protobuf.json', { with: { type: 'json' } });
  return new ProtobufDecoder(facts, schema);
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
