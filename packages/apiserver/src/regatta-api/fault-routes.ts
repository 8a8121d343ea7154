/**
 * Faults over HTTPS: what `regatta node kill|freeze|thaw|partition|heal`, `component …`, `link …`, `faults` and `heal` do
 * on a cluster that no supervisor of theirs runs.
 *
 *   POST   /regatta/v1/nodes/{node}/kill|thaw|heal
 *   POST   /regatta/v1/nodes/{node}/freeze          {"for": "30s"}
 *   POST   /regatta/v1/nodes/{node}/partition       {"for": "30s", "from": ["apiserver"], "direction": "both"}
 *   POST   /regatta/v1/components/{component}/kill|freeze|thaw
 *   POST   /regatta/v1/links                        {"a": "node-1", "b": "apiserver", "delay": "200ms", "for": "30s"}
 *   GET    /regatta/v1/faults
 *   DELETE /regatta/v1/faults[/{id}]
 *
 * Answers say what was done and until when; it also becomes an Event of each Node that it was done to.
 */
import { statusErrors } from '@regatta/api';
import { type FaultDesk, FaultDeskError, type FaultReport, type LinkEffect, type LinkFault } from '@regatta/bus';
import { type Clock, parseDuration } from '@regatta/runtime';
import { BodyFields } from './body-fields.ts';
import { statusOfFaultError } from './fault-status.ts';
import { jsonResponse, type RegattaRequest, type RegattaRoute } from './route-table.ts';

/** Real milliseconds that a fault lasts unless it is told. */
const DEFAULT_FOR_MS = 60_000;
/** Real milliseconds in which the answer leaves before this process kills or freezes itself. */
const LAST_WORDS_MS = 200;

const SELF = 'apiserver';

export interface FaultRoutesOptions {
  readonly desk: FaultDesk;
  readonly clock: Clock;
  /** @returns whether there is such a Node */
  hasNode(name: string): boolean;
  /** Tells everybody what was done, by whom. */
  record(report: FaultReport, by: string): Promise<void>;
  /** What went wrong when nobody waited for it any more. */
  onLateFailure(error: unknown): void;
}

type Act = (request: RegattaRequest, body: BodyFields) => Promise<FaultReport> | FaultReport;

export function faultRoutes(options: FaultRoutesOptions): readonly RegattaRoute[] {
  const { desk } = options;
  const post = (path: string, act: Act): RegattaRoute => command(options, 'POST', path, act);
  return [
    ...nodeRoutes(options, post),
    ...componentRoutes(options, post),
    post('/regatta/v1/links', (_request, body) => {
      const link = readLink(body);
      body.done();
      return desk.link(link);
    }),
    { method: 'GET', path: '/regatta/v1/faults', serve: async () => jsonResponse(await translated(desk.list())) },
    command(options, 'DELETE', '/regatta/v1/faults', (_request, body) => {
      body.done();
      return desk.endAll();
    }),
    command(options, 'DELETE', '/regatta/v1/faults/{id}', ({ params: { id = '' } }, body) => {
      body.done();
      return desk.end(id);
    }),
  ];
}

type ActOnName = (name: string, body: BodyFields) => Promise<FaultReport> | FaultReport;

/** What takes no fields. */
function plain(act: (name: string) => Promise<FaultReport>): ActOnName {
  return (name, body) => {
    body.done();
    return act(name);
  };
}

function nodeRoutes(
  { desk, hasNode }: FaultRoutesOptions,
  post: (path: string, act: Act) => RegattaRoute,
): RegattaRoute[] {
  const node = (verb: string, act: ActOnName): RegattaRoute =>
    post(`/regatta/v1/nodes/{node}/${verb}`, ({ params: { node: name = '' } }, body) => {
      if (!hasNode(name)) throw statusErrors.notFound({ group: '', resource: 'nodes' }, name);
      return act(name, body);
    });
  return [
    node(
      'kill',
      plain((name) => desk.kill(`node/${name}`)),
    ),
    node(
      'thaw',
      plain((name) => desk.thaw(`node/${name}`)),
    ),
    node(
      'heal',
      plain((name) => desk.heal(name)),
    ),
    node('freeze', (name, body) => {
      const forMs = readFor(body);
      body.done();
      return desk.freeze(`node/${name}`, forMs);
    }),
    node('partition', (name, body) => {
      const request = {
        node: name,
        from: body.strings('from') ?? [],
        direction: readDirection(body),
        forMs: readFor(body),
      };
      body.done();
      return desk.partition(request);
    }),
  ];
}

function componentRoutes(
  { desk, clock, onLateFailure }: FaultRoutesOptions,
  post: (path: string, act: Act) => RegattaRoute,
): RegattaRoute[] {
  /** This process answers before it does something to itself. */
  const later = (report: FaultReport, act: () => Promise<unknown>): FaultReport => {
    clock.setTimer(LAST_WORDS_MS, () => void act().catch(onLateFailure));
    return report;
  };
  const soon = (message: string): FaultReport => ({ message, reason: 'FaultInjected', ids: [], nodes: [] });
  const component = (verb: string, act: ActOnName): RegattaRoute =>
    post(`/regatta/v1/components/{component}/${verb}`, ({ params: { component: name = '' } }, body) => act(name, body));
  return [
    component('kill', (name, body) => {
      body.done();
      if (name === SELF) return later(soon(`${SELF} was killed`), () => desk.kill(SELF));
      return desk.kill(`component/${name}`);
    }),
    component('freeze', (name, body) => {
      const forMs = readFor(body);
      body.done();
      if (name !== SELF) return desk.freeze(`component/${name}`, forMs);
      return later({ ...soon(`${SELF} is frozen`), until: clock.now() + forMs }, () => desk.freeze(SELF, forMs));
    }),
    component(
      'thaw',
      plain((name) => desk.thaw(`component/${name}`)),
    ),
  ];
}

function command(options: FaultRoutesOptions, method: 'POST' | 'DELETE', path: string, act: Act): RegattaRoute {
  return {
    method,
    path,
    serve: async (request) => {
      const body = await BodyFields.read(request.call.request);
      const report = await translated(Promise.resolve().then(() => act(request, body)));
      await options.record(report, request.call.user.name);
      const { message, ids, nodes, until } = report;
      return jsonResponse({
        message,
        ids,
        nodes,
        ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
      });
    },
  };
}

/** @throws StatusError for what the desk refuses */
async function translated<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw error instanceof FaultDeskError ? statusOfFaultError(error) : error;
  }
}

function readLink(body: BodyFields): Parameters<FaultDesk['link']>[0] {
  const a = body.required('a', body.string('a'));
  const b = body.required('b', body.string('b'));
  return { a, b, effect: readEffect(body), direction: readDirection(body), forMs: readFor(body) };
}

/** @throws StatusError 400 unless exactly one effect is there */
function readEffect(body: BodyFields): LinkEffect {
  const [ms, jitterMs] = [readDuration(body, 'delay'), readDuration(body, 'jitter')];
  const [drop, duplicate, bandwidth] = ['loss', 'duplicate', 'bandwidth'].map((field) => body.number(field));
  const effects: LinkEffect[] = [
    ...(ms === undefined ? [] : [{ delay: { ms, ...(jitterMs === undefined ? {} : { jitterMs }) } }]),
    ...(drop === undefined ? [] : [{ drop }]),
    ...(duplicate === undefined ? [] : [{ duplicate }]),
    ...(bandwidth === undefined ? [] : [{ bandwidth }]),
  ];
  const [effect, ...more] = effects;
  if (!effect || more.length > 0)
    throw statusErrors.badRequest('exactly one of the fields "delay", "loss", "duplicate" and "bandwidth" is required');
  if (jitterMs !== undefined && !effect.delay) throw statusErrors.badRequest('field "jitter" goes with "delay"');
  return effect;
}

const DIRECTIONS: readonly string[] = ['both', 'in', 'out'] satisfies LinkFault['direction'][];

function readDirection(body: BodyFields): LinkFault['direction'] {
  const direction = body.string('direction') ?? 'both';
  if (DIRECTIONS.includes(direction)) return direction as LinkFault['direction'];
  throw statusErrors.badRequest('field "direction" must be "both", "in" or "out"');
}

function readFor(body: BodyFields): number {
  return readDuration(body, 'for') ?? DEFAULT_FOR_MS;
}

/** Milliseconds. */
function readDuration(body: BodyFields, field: string): number | undefined {
  const text = body.string(field);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw statusErrors.badRequest(`field "${field}" must be a duration above 0, as "500ms", "30s" or "5m"`);
}
