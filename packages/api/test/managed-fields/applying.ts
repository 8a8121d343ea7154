/**
 * One object to which configurations are applied one after the other, without a server.
 */
import {
  type ApplyVersions,
  applyConfig,
  configProblem,
  DecodeReport,
  type ManagedFieldsEntry,
  Schema,
  StatusError,
  trackUpdate,
} from '../../src/mod.ts';

export const schema: Schema = Schema.load();
export const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';
export const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
export const SERVICE = 'io.k8s.api.core.v1.Service';
export const SERVICE_ACCOUNT = 'io.k8s.api.core.v1.ServiceAccount';

type Json = Record<string, unknown>;

export interface ApplyOptions {
  readonly force?: boolean;
  readonly subresource?: string;
  readonly resetFields?: readonly (readonly string[])[];
}

export class AppliedObject {
  live: Json;
  entries: ManagedFieldsEntry[] = [];
  private minute = 0;

  constructor(
    readonly typeId: string,
    readonly apiVersion: string,
    live: Json = {},
  ) {
    this.live = this.decode(live);
  }

  private get now(): string {
    return `2026-01-01T00:${String(this.minute++).padStart(2, '0')}:00Z`;
  }

  private decode(value: unknown): Json {
    return schema.decoder(this.typeId).decode(value, new DecodeReport());
  }

  /** What a conflict says, or undefined. */
  apply(manager: string, config: Json, options: ApplyOptions = {}): string | undefined {
    const { force = false, subresource = '', resetFields = [['status']] } = options;
    const problem = configProblem(schema, this.typeId, config);
    if (problem !== undefined) throw new Error(problem);
    const versions: ApplyVersions = {
      types: schema,
      typeId: (apiVersion) => (apiVersion === this.apiVersion ? this.typeId : undefined),
      convert: (object) => object,
    };
    try {
      const applied = applyConfig({
        ...{ versions, apiVersion: this.apiVersion, live: this.live, entries: this.entries, config, manager },
        ...{ subresource, force, now: this.now, resetFields },
      });
      if (applied.object) this.live = this.decode(applied.object);
      this.entries = applied.managedFields;
      return undefined;
    } catch (error) {
      if (error instanceof StatusError) return error.message;
      throw error;
    }
  }

  update(manager: string, object: Json): void {
    const { metadata, ...rest } = object as { metadata?: Json };
    const live = { ...this.live, metadata: { ...(this.live['metadata'] as Json), managedFields: this.entries } };
    const next = this.decode({ ...rest, metadata: metadata ?? { name: 'x' } });
    const entries = trackUpdate({
      ...{ schema, typeId: this.typeId, live, object: next, manager },
      ...{ apiVersion: this.apiVersion, now: this.now, resetFields: [['status']] },
    });
    this.live = next;
    this.entries = entries ?? [];
  }

  /** FieldsV1 by manager. */
  get owners(): Json {
    return Object.fromEntries(this.entries.map((entry) => [entry.manager ?? '', entry.fieldsV1]));
  }

  at(...path: readonly (string | number)[]): unknown {
    return path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], this.live);
  }
}

export function configMap(data: Readonly<Record<string, string>> | undefined): Json {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, ...(data ? { data } : {}) };
}

export function deployment(spec: Json): Json {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec };
}

export function podSpec(spec: Json): Json {
  return deployment({ template: { spec } });
}
