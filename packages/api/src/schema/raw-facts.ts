/**
 * The form of the data in facts/: kubernetes-1.36.json (structure of types and resources) and go-fields.json (what the
 * structure alone doesn't tell: field order, which zero values are written, names of Go types).
 */

export interface RawProperty {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'object' | 'array';
  readonly format?: string;
  readonly ref?: string;
  readonly items?: RawProperty;
  readonly additionalProperties?: RawProperty;
  readonly default?: unknown;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly mapType?: 'atomic' | 'granular';
}

export interface RawUnion {
  readonly discriminator?: string;
  readonly 'fields-to-discriminateBy': Readonly<Record<string, string>>;
}

export interface RawType {
  readonly type?: string;
  readonly format?: string;
  readonly oneOf?: readonly { readonly type: string }[];
  readonly properties?: Readonly<Record<string, RawProperty>>;
  readonly required?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  readonly gvk?: readonly { readonly group: string; readonly kind: string; readonly version: string }[];
  readonly unions?: readonly RawUnion[];
}

export interface RawResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `pods` or `pods/status`. */
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
  /** Where the kind of a subresource lives in another group: Scale. */
  readonly responseGroup?: string;
  readonly responseVersion?: string;
}

export interface RawFacts {
  readonly groups: readonly {
    readonly name: string;
    readonly preferred: string;
    readonly versions: readonly string[];
  }[];
  readonly resources: readonly RawResource[];
  readonly types: Readonly<Record<string, RawType>>;
}

export interface RawGoFields {
  /** Type id → fields in Go's order, separated by spaces, each `name:zero[:goType][@embedded]`; see type-info.ts. */
  readonly types: Readonly<Record<string, string>>;
}
