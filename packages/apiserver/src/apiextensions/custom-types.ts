/**
 * Decoding, pruning and defaulting of one version of a custom resource, behind the interface that built-in kinds have
 * (upstream: unstructuredSchemaCoercer and unstructuredDefaulter of apiextensions-apiserver/pkg/apiserver/customresource_handler.go).
 */
import {
  cloneJson,
  DecodeReport,
  type Decoder,
  isJsonObject,
  type KindTypes,
  type Schema,
  type TypeInfo,
} from '@regatta/api';
import { compileDefaulter, type Defaulter } from './schema/defaults.ts';
import { compilePruner, type Pruner, pathText } from './schema/prune.ts';
import { OBJECT_META, typesOf } from './schema/schema-types.ts';
import { isEmbeddedResource, type Structural } from './schema/structural.ts';
import { compileChildren, type Visit } from './schema/walk.ts';

export interface CustomTypesParts {
  readonly builtIn: Schema;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: Structural;
  /** Of objects of v1beta1 definitions, whose fields nobody prunes. */
  readonly preservesAll: boolean;
  /** All versions of the kind, by version: owners of fields speak of any of them. */
  readonly family: ReadonlyMap<string, CustomTypes>;
}

/** Tells the unknown fields of metadata. */
type MetaReader = Visit<string>;

/** Stands for any kind that is not this one: messages about it need an id that differs. */
const OTHER_KIND = '';

export class CustomTypes implements KindTypes {
  /** `com.example.stable.v1.CronTab`: how the published definition is called, too. */
  readonly typeId: string;
  readonly #parts: CustomTypesParts;
  readonly #pruner: Pruner | undefined;
  readonly #defaulter: Defaulter | undefined;
  readonly #embedded: MetaReader | undefined;
  readonly #decoder: Decoder;
  #types: Map<string, TypeInfo> | undefined;

  constructor(parts: CustomTypesParts) {
    const { group, version, kind, schema } = parts;
    this.#parts = parts;
    this.typeId = [...group.split('.').reverse(), version, kind].join('.');
    this.#pruner = parts.preservesAll ? undefined : compilePruner(schema, true);
    this.#defaulter = compileDefaulter(schema);
    this.#embedded = compileEmbedded(parts.builtIn, schema);
    this.#decoder = { typeId: this.typeId, decode: (value, report) => this.#decode(value, report) };
  }

  type(id: string): TypeInfo {
    const own = this.#own(id);
    if (own) return own;
    for (const other of this.#parts.family.values()) {
      const found = other.#own(id);
      if (found) return found;
    }
    return this.#parts.builtIn.type(id);
  }

  #own(id: string): TypeInfo | undefined {
    if (!id.startsWith(this.typeId)) return undefined;
    this.#types ??= typesOf(this.typeId, this.#parts.schema);
    return this.#types.get(id);
  }

  decoder(): Decoder {
    return this.#decoder;
  }

  defaults(): (object: object) => void {
    return (object) => this.#defaulter?.(object);
  }

  storedForm(): (object: object) => void {
    return () => {};
  }

  typeIdOf(group: string, version: string, kind: string): string {
    const { group: ownGroup, version: ownVersion, kind: ownKind } = this.#parts;
    return group === ownGroup && version === ownVersion && kind === ownKind ? this.typeId : OTHER_KIND;
  }

  /** Brings an object that was stored under another schema to this one, in place. */
  conform(object: object): void {
    this.#pruner?.(object, { path: [], unknown: [] });
    this.#defaulter?.(object);
  }

  #decode(value: unknown, report: DecodeReport): Record<string, unknown> {
    if (!isJsonObject(value)) {
      report.wrongType(Array.isArray(value) ? 'array' : typeof value, `map[string]interface {}`);
      report.finish();
      return {};
    }
    const object = cloneJson(value) as Record<string, unknown>;
    const unknown: string[] = [];
    readMetadata(this.#parts.builtIn, object, [], unknown);
    const pruned: string[] = [];
    this.#pruner?.(object, { path: [], unknown: pruned });
    unknown.push(...pruned.sort());
    this.#embedded?.(object, [], unknown);
    for (const path of unknown) report.unknownField(path);
    return object;
  }
}

/** Reads `metadata` as every object has it. @throws DecodeError */
function readMetadata(
  builtIn: Schema,
  object: Record<string, unknown>,
  path: (string | number)[],
  out: string[],
): void {
  const { metadata } = object;
  if (metadata === undefined) {
    // A whole object always has some: who sends none owns none.
    if (path.length === 0) object['metadata'] = {};
    return;
  }
  const report = new DecodeReport();
  report.push({ name: 'metadata', owner: 'ObjectMeta' });
  object['metadata'] = builtIn.decoder(OBJECT_META).decode(metadata, report);
  const at = pathText(path);
  for (const text of report.strictErrors) {
    const field = /^unknown field "(.*)"$/.exec(text)?.[1];
    if (field !== undefined) out.push(at === '' ? field : `${at}.${field}`);
  }
}

/** Whole API objects inside the custom one have metadata of the same form. */
function compileEmbedded(builtIn: Schema, schema: Structural): MetaReader | undefined {
  return compileChildren(schema, (part) => embeddedAt(builtIn, part));
}

function embeddedAt(builtIn: Schema, schema: Structural): MetaReader | undefined {
  const below = compileEmbedded(builtIn, schema);
  if (!isEmbeddedResource(schema)) return below;
  return (value, path, out) => {
    if (isJsonObject(value)) readMetadata(builtIn, value, path, out);
    below?.(value, path, out);
  };
}
