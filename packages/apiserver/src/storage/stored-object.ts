/**
 * One state of one object, and the events that lead from state to state; both make their bytes at the first request.
 *
 * Invariants: objects are never changed here or later; metadata.resourceVersion is the revision and is not what is
 * stored (it is known only after the write).
 */
import { type KubeObject, withoutManagedFields } from '@regatta/api';
import { decode, encode } from '@regatta/bus';
import type { Encoding, ObjectEvent, StoredObject } from './object-storage.ts';

type EventType = ObjectEvent['type'];

/** The bytes that are stored: the object without its resourceVersion. */
export function encodeForStore(object: KubeObject): Uint8Array {
  if (object.metadata.resourceVersion === undefined) return encode(object);
  return encode({ ...object, metadata: { ...object.metadata, resourceVersion: undefined } });
}

export class StoredState implements StoredObject {
  readonly key: string;
  readonly object: KubeObject;
  readonly revision: number;
  #json: Uint8Array | undefined;
  #msgpack: Uint8Array | undefined;

  private constructor(key: string, object: KubeObject, revision: number) {
    this.key = key;
    this.object = object;
    this.revision = revision;
  }

  /** The state that a write of `object` made. Takes a copy of what it changes; the rest is shared. */
  static of(key: string, object: KubeObject, revision: number): StoredState {
    return new StoredState(key, { ...object, metadata: versioned(object.metadata, revision) }, revision);
  }

  static fromStore(key: string, value: Uint8Array, revision: number): StoredState {
    const object = decode(value) as KubeObject;
    object.metadata = versioned(object.metadata, revision);
    return new StoredState(key, object, revision);
  }

  /** The same object at another revision: how a deletion's last state is told. */
  at(revision: number): StoredState {
    return StoredState.of(this.key, this.object, revision);
  }

  bytes(encoding: Encoding): Uint8Array {
    if (encoding === 'json') {
      this.#json ??= Buffer.from(JSON.stringify(this.object));
      return this.#json;
    }
    this.#msgpack ??= encode(withoutManagedFields(this.object));
    return this.#msgpack;
  }
}

/** metadata with its resourceVersion, where upstream's field order has it: after uid. */
function versioned(metadata: KubeObject['metadata'], revision: number): KubeObject['metadata'] {
  const resourceVersion = String(revision);
  if (metadata.resourceVersion !== undefined) return { ...metadata, resourceVersion };
  const { name, generateName, namespace, selfLink, uid, ...rest } = metadata;
  return {
    ...(name !== undefined && { name }),
    ...(generateName !== undefined && { generateName }),
    ...(namespace !== undefined && { namespace }),
    ...(selfLink !== undefined && { selfLink }),
    ...(uid !== undefined && { uid }),
    resourceVersion,
    ...rest,
  } as KubeObject['metadata'];
}

const JSON_END = Buffer.from('}\n');
const JSON_START = frameStarts((type) => Buffer.from(`{"type":"${type}","object":`));
/** An array of two, and a short string. */
const MSGPACK_START = frameStarts((type) => Buffer.from([0x92, 0xa0 | type.length, ...Buffer.from(type)]));

function frameStarts(make: (type: EventType) => Buffer): Readonly<Record<EventType, Buffer>> {
  return { ADDED: make('ADDED'), MODIFIED: make('MODIFIED'), DELETED: make('DELETED') };
}

export class StoredEvent implements ObjectEvent {
  readonly type: EventType;
  readonly revision: number;
  readonly current: StoredState;
  declare readonly previous?: StoredState;
  /** Bytes of what was stored; 0 where nothing was. */
  readonly size: number;
  #frames: Map<string, Uint8Array> | undefined;

  constructor(type: EventType, revision: number, current: StoredState, previous?: StoredState, size = 0) {
    this.type = type;
    this.revision = revision;
    this.current = current;
    if (previous) this.previous = previous;
    this.size = size;
  }

  frame(encoding: Encoding, as: EventType): Uint8Array {
    this.#frames ??= new Map();
    const name = `${encoding} ${as}`;
    const known = this.#frames.get(name);
    if (known) return known;
    const bytes = this.current.bytes(encoding);
    const frame =
      encoding === 'json'
        ? Buffer.concat([JSON_START[as], bytes, JSON_END])
        : Buffer.concat([MSGPACK_START[as], bytes]);
    this.#frames.set(name, frame);
    return frame;
  }
}
