/**
 * The levels and schemas in use, made of the objects, and which schema a request falls under
 * (upstream: staging/src/k8s.io/apiserver/pkg/util/flowcontrol/apf_controller.go).
 *
 * Owns the levels. Invariants: `exempt` and `catch-all` are there whatever the objects say; a schema whose level is missing
 * is not used; a level that is gone stays, with its seats, until nobody is in it.
 */
import type { FlowSchema, KubeObject, PolicyRulesWithSubjects, PriorityLevelConfiguration } from '@regatta/api';
import type { Clock, MetricsRegistry } from '@regatta/runtime';
import type { UserInfo } from '../auth/identity.ts';
import type { RequestInfo } from '../server/request-info.ts';
import { CATCH_ALL, EXEMPT, FLOW_SCHEMAS, PRIORITY_LEVELS } from './bootstrap-objects.ts';
import { FlowMetrics } from './flow-figures.ts';
import type { SchemaInUse } from './flow-ticket.ts';
import { matchesEverything, matchesRequest, rulesFor } from './matching.ts';
import { PriorityLevel } from './priority-level.ts';
import { allocateSeats } from './seat-allocation.ts';

interface Compiled extends SchemaInUse {
  readonly object: FlowSchema;
}

/** A schema with the rules of it that speak of one user. */
interface Candidate {
  readonly schema: Compiled;
  readonly rules: readonly PolicyRulesWithSubjects[];
  readonly always: boolean;
}

export class FlowConfiguration {
  readonly levels = new Map<string, PriorityLevel>();
  /** What unbounded levels have of their targets. */
  fairFraction = 0;
  #specs = new Map<string, PriorityLevelConfiguration>();
  #schemas: readonly Compiled[] = [];
  /** By the user as authenticated, which stays the same object for a connection. */
  #candidates = new WeakMap<UserInfo, readonly Candidate[]>();

  readonly #metrics: FlowMetrics;

  /** @param seats of the whole server */
  constructor(
    readonly clock: Clock,
    readonly seats: number,
    metrics: MetricsRegistry,
  ) {
    this.#metrics = new FlowMetrics(
      metrics,
      () => this.levels.values(),
      () => this.fairFraction,
    );
  }

  /** Takes the objects as they are now. */
  configure(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): void {
    this.#setLevels(withMandatory(levels, PRIORITY_LEVELS.mandatory));
    this.#schemas = withMandatory(schemas, FLOW_SCHEMAS.mandatory)
      .flatMap((object) => this.#compile(object))
      .sort(byPrecedence);
    this.#candidates = new WeakMap();
    this.#metrics.retain((level, name) => this.#schemas.some((s) => s.name === name && s.level.name === level));
    this.lend();
  }

  /** Where a request belongs: the first schema that speaks of it. */
  schemaOf(user: UserInfo, info: RequestInfo): SchemaInUse {
    let candidates = this.#candidates.get(user);
    if (!candidates) {
      candidates = this.#candidatesOf(user);
      this.#candidates.set(user, candidates);
    }
    for (const { schema, rules, always } of candidates) if (always || matchesRequest(rules, info)) return schema;
    return this.#catchAll;
  }

  /** Which of its schema's flows a request belongs to. */
  distinguisher(schema: SchemaInUse, user: UserInfo, info: RequestInfo): string {
    if (schema.by === 'ByUser') return user.name;
    return schema.by === 'ByNamespace' ? info.namespace : '';
  }

  /** Divides the seats anew, by what each level wanted since the last time. */
  lend(now = this.clock.monotonic()): void {
    const levels = [...this.levels.values()];
    const claims = levels.map((level) => {
      level.demand.roll(now);
      const lower = Math.max(level.lower, Math.min(level.nominal, level.demand.highWatermark));
      level.target = Math.max(lower, level.demand.smoothed);
      return { lower, upper: level.upper, target: level.target };
    });
    const sum = levels.reduce((all, { nominal }) => all + nominal, 0);
    const allocation = allocateSeats(sum, claims);
    if (!allocation) return;
    this.fairFraction = allocation.proportion;
    for (const [i, level] of levels.entries()) level.current = Math.round(allocation.seats[i] ?? level.current);
  }

  #setLevels(objects: readonly PriorityLevelConfiguration[]): void {
    const usable = objects.filter(isUsable);
    const wanted = new Map(usable.map((object) => [object.metadata.name, object]));
    for (const [name, level] of this.levels) {
      const lingers = this.#specs.get(name);
      if (wanted.has(name)) continue;
      if (level.isIdle || !lingers) this.levels.delete(name);
      else {
        level.quiescing = true;
        wanted.set(name, lingers);
      }
    }
    for (const [name, object] of wanted) {
      let level = this.levels.get(name);
      if (!level) {
        level = new PriorityLevel(name, object.spec.type === 'Exempt', this.clock.monotonic());
        this.levels.set(name, level);
      }
      if (!level.quiescing || usable.includes(object)) level.configure(object);
    }
    const shares = [...this.levels.values()].reduce((all, level) => all + level.shares, 0);
    for (const [name, { spec }] of wanted) this.levels.get(name)?.allot(spec, this.seats, shares);
    this.#specs = wanted;
  }

  #compile(object: FlowSchema): Compiled[] {
    const { name, uid = '' } = object.metadata;
    const level = this.levels.get(object.spec.priorityLevelConfiguration.name);
    if (!level || level.quiescing) return [];
    const headers = {
      'x-kubernetes-pf-flowschema-uid': uid,
      'x-kubernetes-pf-prioritylevel-uid': level.uid,
    };
    const by = object.spec.distinguisherMethod?.type;
    return [{ name, level, headers, object, by, figures: this.#metrics.of(level.name, name) }];
  }

  #candidatesOf(user: UserInfo): readonly Candidate[] {
    const found: Candidate[] = [];
    for (const schema of this.#schemas) {
      const rules = rulesFor(schema.object, user);
      if (rules.length === 0) continue;
      const always = matchesEverything(rules);
      found.push({ schema, rules, always });
      if (always) break;
    }
    return found;
  }

  get #catchAll(): Compiled {
    const schema = this.#schemas.find(({ name }) => name === CATCH_ALL);
    if (!schema) throw new Error('the catch-all schema is missing');
    return schema;
  }
}

function withMandatory<T extends KubeObject>(objects: readonly T[], mandatory: readonly T[]): readonly T[] {
  const names = new Set(objects.map(({ metadata }) => metadata.name));
  return [...objects, ...mandatory.filter(({ metadata }) => !names.has(metadata.name))];
}

/** Type and parts agree, and `exempt` alone is exempt. */
function isUsable({ metadata, spec }: PriorityLevelConfiguration): boolean {
  if ((spec.type === 'Limited') !== (spec.limited !== undefined)) return false;
  return (spec.type === 'Exempt') === (metadata.name === EXEMPT);
}

function byPrecedence(a: Compiled, b: Compiled): number {
  const precedence = ({ object }: Compiled): number => object.spec.matchingPrecedence ?? 1000;
  return precedence(a) - precedence(b) || (a.name < b.name ? -1 : 1);
}
