/**
 * The schema of all built-in kinds: facts/ read once, what is compiled from a type made at its first use and kept.
 */
import goFields from '../../facts/go-fields.json' with { type: 'json' };
import facts from '../../facts/kubernetes-1.36.json' with { type: 'json' };
import { compileDecoder, type Decoder } from './decoder.ts';
import { compileDefaults } from './defaults.ts';
import type { KindTypes } from './kind-types.ts';
import type { RawType } from './raw-facts.ts';
import { type GroupInfo, groupInfos, type ResourceInfo, resourceInfos } from './resource-info.ts';
import { compileStoredForm } from './stored-form.ts';
import { compileTypeInfo, type TypeInfo } from './type-info.ts';

export class Schema implements KindTypes {
  readonly resources: readonly ResourceInfo[];
  readonly groups: readonly GroupInfo[];
  private readonly typeIds = new Map<string, string>();
  private readonly byResource = new Map<string, ResourceInfo>();
  private readonly byKindName = new Map<string, ResourceInfo>();
  private readonly types = new Map<string, TypeInfo>();
  private readonly decoders = new Map<string, Decoder>();
  private readonly defaulters = new Map<string, (object: object) => void>();
  private readonly storedForms = new Map<string, (object: object) => void>();
  private static loaded: Schema | undefined;

  private constructor() {
    for (const [id, type] of Object.entries(facts.types)) {
      for (const { group, version, kind } of type.gvk ?? []) this.typeIds.set(gvk(group, version, kind), id);
    }
    this.groups = groupInfos(facts);
    this.resources = resourceInfos(facts, (group, version, kind) => this.typeIdOf(group, version, kind));
    for (const info of this.resources) {
      this.byResource.set(gvk(info.group, info.version, info.resource), info);
      this.byKindName.set(gvk(info.group, info.version, info.kind), info);
    }
  }

  /** The schema of this Kubernetes version: the same for all callers of a process. */
  static load(): Schema {
    Schema.loaded ??= new Schema();
    return Schema.loaded;
  }

  resource(group: string, version: string, resource: string): ResourceInfo | undefined {
    return this.byResource.get(gvk(group, version, resource));
  }

  byKind(group: string, version: string, kind: string): ResourceInfo | undefined {
    return this.byKindName.get(gvk(group, version, kind));
  }

  /** Also for kinds that are no resources: Scale, DeleteOptions, lists … */
  typeIdOf(group: string, version: string, kind: string): string | undefined {
    return this.typeIds.get(gvk(group, version, kind));
  }

  /** All type ids of the facts. */
  get allTypeIds(): readonly string[] {
    return Object.keys(facts.types);
  }

  rawType(id: string): RawType | undefined {
    return Object.hasOwn(facts.types, id) ? facts.types[id] : undefined;
  }

  /** @throws Error for an id that the facts don't have */
  type(id: string): TypeInfo {
    const known = this.types.get(id);
    if (known) return known;
    const raw = this.rawType(id);
    if (!raw) throw new Error(`schema: unknown type ${id}`);
    const info = compileTypeInfo(id, raw, goFields.types[id], (other) => this.rawType(other));
    this.types.set(id, info);
    return info;
  }

  decoder(typeId: string): Decoder {
    let decoder = this.decoders.get(typeId);
    if (!decoder) {
      decoder = compileDecoder(this, typeId);
      this.decoders.set(typeId, decoder);
    }
    return decoder;
  }

  /** Sets the defaults that the facts declare, in place, wherever the type has them. Idempotent. */
  defaults(typeId: string): (object: object) => void {
    let defaulter = this.defaulters.get(typeId);
    if (!defaulter) {
      defaulter = compileDefaults(this, typeId);
      this.defaulters.set(typeId, defaulter);
    }
    return defaulter;
  }

  /** Puts an object, in place, into the form that storing gives it: required lists and maps that are empty become null. */
  storedForm(typeId: string): (object: object) => void {
    let form = this.storedForms.get(typeId);
    if (!form) {
      form = compileStoredForm(this, typeId);
      this.storedForms.set(typeId, form);
    }
    return form;
  }
}

function gvk(group: string, version: string, name: string): string {
  return `${group}/${version}/${name}`;
}
