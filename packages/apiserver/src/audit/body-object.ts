/**
 * Bodies as the audit log shows them: as values, whatever they were written in.
 */
import { PROTOBUF } from '@regatta/api';
import { decode, MSGPACK } from '@regatta/bus';
import { mediaType } from '../handlers/decode-body.ts';
import { protobufCodec } from '../handlers/encodings.ts';
import type { AuditedBody } from './audit-event.ts';

/** Undefined for what can't be read: the request was told so. */
export async function bodyObject(body: AuditedBody | undefined, omitManagedFields: boolean): Promise<unknown> {
  if (!body || body.bytes.length === 0) return undefined;
  try {
    const value = await parsed(body.bytes, mediaType(body.mediaType));
    return omitManagedFields ? withoutManagedFields(value) : value;
  } catch {
    return undefined;
  }
}

async function parsed(bytes: Uint8Array, type: string): Promise<unknown> {
  if (type === PROTOBUF) return (await protobufCodec()).decode(bytes);
  if (type === MSGPACK) return decode(bytes);
  const text = Buffer.from(bytes).toString();
  if (!type.endsWith('yaml')) return JSON.parse(text);
  const { parseYaml } = await import('../handlers/yaml-body.ts');
  return parseYaml(text).value;
}

/** A copy without metadata.managedFields, of an object or of a list's items. */
function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const object = value as { metadata?: unknown; items?: unknown };
  const { metadata, items } = object;
  return {
    ...object,
    ...(typeof metadata === 'object' && metadata !== null
      ? { metadata: { ...metadata, managedFields: undefined } }
      : {}),
    ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}),
  };
}
