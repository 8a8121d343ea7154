/**
 * An apiserver put together: storage, who may do what, registry, handlers, and the transports that lead to them.
 *
 * Owns everything that `start` opens; `stop` closes it in the reverse order.
 */
import { join } from 'node:path';
import { type KubeObject, type ResourceRef, Schema } from '@regatta/api';
import type { BusConnection, BusFigures, Served } from '@regatta/bus';
import { type Clock, ClusterClock, type Logger, MetricsRegistry, type Random } from '@regatta/runtime';
import { openLevelStore } from '@regatta/store';
import { admissionPlugins, ExtensionMetrics } from './admission/mod.ts';
import { checkPolicies } from './admission/policy/policy-status.ts';
import {
  authenticationConfigMap,
  CustomServices,
  FRONT_PROXY_NAMES,
  proxyCall,
  type RemoteApis,
  registerBuiltIns,
  remoteApis,
  remoteOf,
} from './aggregation/mod.ts';
import { serveDefinitions } from './apiextensions/lazy.ts';
import { AuditLog, type AuditLogOptions, Auditor, type AuditSink } from './audit/mod.ts';
import {
  type Auth,
  createAuth,
  JWKS_MEDIA_TYPE,
  JWKS_PATH,
  jsonWebKeySet,
  keySetServer,
  OPENID_CONFIGURATION_PATH,
  openIdConfiguration,
} from './auth/mod.ts';
import { bootstrapCluster } from './bootstrap.ts';
import { followTimeline } from './cluster-timeline.ts';
import { connectEnvironment, connectHandlers, upgradeHandler } from './connect/mod.ts';
import { componentProbes } from './discovery/component-probes.ts';
import { Discovery } from './discovery/discovery.ts';
import { Health } from './discovery/health.ts';
import { serveNonResource } from './discovery/non-resource.ts';
import { StartHooks } from './discovery/start-hooks.ts';
import { Feed } from './feed/feed.ts';
import { FlowControl } from './flowcontrol/flow-control.ts';
import { dumpFlow } from './flowcontrol/flow-dump.ts';
import { FlowKeeper } from './flowcontrol/flow-keeper.ts';
import { GuestDesk } from './guests/mod.ts';
import { dispatch, type SpecialHandlers } from './handlers/dispatch.ts';
import type { HandlerEnvironment } from './handlers/environment.ts';
import { ListBodies } from './handlers/list-bodies.ts';
import { negotiatedError } from './handlers/negotiated-error.ts';
import { printedTables } from './handlers/printed-table.ts';
import { specialHandlers } from './handlers/special/mod.ts';
import { WatchMetrics } from './handlers/watch-metrics.ts';
import { strategies } from './kinds/mod.ts';
import { docsFrom, noDocs, OpenApi } from './openapi/mod.ts';
import { ensurePki, type Pki, writeKubeconfig } from './pki/mod.ts';
import type { JoinOptions } from './regatta-api/join.ts';
import { ensureJoinToken } from './regatta-api/join-token.ts';
import { type RegattaRoute, regattaApi, regattaRoutes } from './regatta-api/mod.ts';
import { AdmissionChain, AdmissionMetrics } from './registry/admission-chain.ts';
import { expireEvents } from './registry/event-expiry.ts';
import { ResourceRegistry } from './registry/resource-registry.ts';
import { Seed } from './registry/seed.ts';
import type { Registry } from './registry/write-request.ts';
import { AccessMetrics } from './server/access-metrics.ts';
import type { ApiCall } from './server/api-call.ts';
import { serveBus } from './server/bus-server.ts';
import { BusWatchers } from './server/bus-watchers.ts';
import type { ServerContext } from './server/context.ts';
import type { ServerResponse } from './server/exchange.ts';
import { HttpsServer } from './server/https-server.ts';
import { OpenStreams } from './server/open-streams.ts';
import { Pipeline } from './server/pipeline.ts';
import { PodTunnels } from './server/pod-tunnel.ts';
import { Presence } from './server/presence.ts';
import type { RequestInfo } from './server/request-info.ts';
import { RequestMetrics } from './server/request-metrics.ts';
import { serverGauges } from './server/server-gauges.ts';
import { type ObjectStorage, openObjectStorage, storageKey } from './storage/mod.ts';
import { WebhookClient } from './webhooks/webhook-client.ts';

export interface ApiServerOptions {
  readonly dataDir: string;
  /** 0 for any. */
  readonly port: number;
  /** Where clients reach this server. */
  readonly advertiseAddress: string;
  /** Cluster name, for the kubeconfig. */
  readonly name: string;
  /** Of a new cluster. */
  readonly speed?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Who did what, written down; nothing is when left out. */
  readonly audit?: Omit<AuditLogOptions, 'clock' | 'logger'>;
  /** Lets machines join over HTTPS. */
  readonly join?: JoinOptions & {
    /** What they join with; without it they need a token that somebody made. */
    readonly token?: string;
  };
  /** What OpenAPI says of fields (openapi/field-docs.ts); nothing when left out. */
  readonly fieldDocs?: string;
  /** Connects to the cluster's bus; without it the server speaks HTTPS alone. */
  readonly connectBus?: () => Promise<BusConnection>;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  readonly context: ServerContext;
  readonly pki: Pki;
  readonly pipeline: Pipeline;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

type Closer = () => Promise<void> | void;

/** Resolves when the server is ready: bootstrapped, listening, and answering on the bus. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const closers: Closer[] = [];
  try {
    return await start(options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function closeAll(closers: Closer[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

async function start(options: ApiServerOptions, closers: Closer[]): Promise<ApiServer> {
  const { dataDir, logger, clock, advertiseAddress } = options;
  const [pki, store, bus] = await Promise.all([
    ensurePki(dataDir, { advertiseAddress, clock }),
    openLevelStore({ path: join(dataDir, 'state'), clock, logger }),
    options.connectBus?.(),
  ]);
  closers.push(() => store.close());
  if (bus) closers.push(() => bus.close());
  const storage = await openObjectStorage({ store, clock, logger });
  closers.push(() => storage.close());
  const context = serverContext(options, storage);
  closers.push(followTimeline(context));
  const auth = await createAuth(context, { pki, dataDir });
  closers.push(() => auth.close());
  const auditLog = options.audit && (await AuditLog.open({ ...options.audit, clock, logger }));
  if (auditLog) closers.push(() => auditLog.close());
  const presence = new Presence(clock);
  const resources = new ResourceRegistry(context.schema, strategies);
  const desk = new GuestDesk({ server: context, resources, authorizer: auth.authorizer, presence });
  closers.push(() => desk.close());
  const feed = new Feed(context, resources);
  closers.push(() => feed.close());
  const guests = { desk, ca: pki.ca.certificate, cluster: options.name };
  const reach = bus && connectEnvironment(context, bus, clock);
  const client = new WebhookClient(clock, reach?.proxy);
  const remotes = remoteApis({ server: context, resources, pki, reach: reach?.proxy, clock });
  const parts = assemble(
    options,
    context,
    auth,
    reach ? connectHandlers(reach) : new Map(),
    regattaRoutes({
      context,
      clock,
      bus,
      join: options.join,
      guests,
      feed: { feed, presence, authorizer: auth.authorizer, clock },
    }),
    { bus, sinks: [feed, ...(auditLog ? [auditLog] : [])], presence, resources, client, remotes },
  );
  closers.push(await serveDefinitions(parts.registry, resources, client));
  parts.hooks.done('start-apiextensions-controllers', 'crd-informer-synced');
  closers.push(checkPolicies(parts.registry, resources));
  const https = new HttpsServer({
    pipeline: parts.pipeline,
    logger,
    clock,
    key: pki.serving.key,
    certificate: pki.serving.certificate,
    clientCa: pki.ca.certificate,
    frontProxy: { ca: pki.frontProxyCa.certificate, names: FRONT_PROXY_NAMES },
    ...(reach
      ? {
          upgrade: upgradeHandler({ ...reach, remotes, pipeline: parts.pipeline, admission: parts.registry.admission }),
        }
      : {}),
  });
  const port = await https.listen(options.port);
  closers.push(() => https.stop());
  const url = `https://${advertiseAddress}:${port}`;
  parts.located(url);
  await bootstrapCluster(context, resources, { speed: options.speed, address: advertiseAddress, port });
  parts.hooks.done(
    'start-system-namespaces-controller',
    'rbac/bootstrap-roles',
    'scheduling/bootstrap-system-priority-classes',
    'bootstrap-controller',
  );
  await parts.flow.start();
  parts.hooks.done('priority-and-fairness-config-producer', 'priority-and-fairness-config-consumer');
  closers.push(() => parts.flow.stop());
  closers.push(await aggregate(context, resources, pki, remotes));
  parts.hooks.done(
    'start-cluster-authentication-info-controller',
    'apiservice-status-local-available-controller',
    'apiservice-status-remote-available-controller',
    'apiservice-registration-controller',
    'apiservice-discovery-controller',
    'kube-apiserver-autoregistration',
    'apiservice-openapi-controller',
    'apiservice-openapiv3-controller',
  );
  if (options.join?.token !== undefined) await ensureJoinToken(context, options.join.token);
  const { pipeline, watchers } = parts;
  if (bus) closers.push(stopServing(serveBus({ pipeline, watchers, tunnels: new PodTunnels(port) }, bus)));
  const kubeconfig = join(dataDir, 'kubeconfig');
  await writeKubeconfig(kubeconfig, pki, { server: url, name: options.name });
  closers.push(expireEvents(context));
  const stop = (): Promise<void> => {
    parts.hooks.stopping();
    return closeAll(closers);
  };
  return { url, port, context, pki, pipeline: parts.pipeline, kubeconfig, stop };
}

/** APIServices of this server's own versions stand, and those of others are followed. */
async function aggregate(
  context: ServerContext,
  resources: ResourceRegistry,
  pki: Pki,
  remotes: RemoteApis,
): Promise<Closer> {
  const custom = new CustomServices(context, resources);
  await Promise.all([
    registerBuiltIns(context, resources),
    new Seed(context, resources).replace('', 'configmaps', authenticationConfigMap(pki)),
  ]);
  custom.start();
  remotes.start();
  return () => Promise.all([custom.stop(), remotes.stop()]).then(() => undefined);
}

/** Objects of a resource, for those that can be counted at once. */
function countOf(storage: ObjectStorage, { group, resource, namespace }: RequestInfo): number {
  const list = storage.list(storageKey(group, resource, namespace || undefined), { limit: 1 });
  return list instanceof Promise ? 0 : list.items.length + (list.remaining ?? 0);
}

/** What the bus connection holds, under names of our own: upstream has no such thing. */
function busGauges(metrics: MetricsRegistry, bus: BusConnection): void {
  const gauge = (name: keyof BusFigures, help: string): void =>
    metrics.gauge(`regatta_bus_${name}`, help, () => bus.figures[name]);
  gauge('channels', 'Calls and streams on the bus, asked and answered.');
  gauge('peers', 'Bus connections at the other ends of calls and streams.');
  gauge('asking', 'Calls on the bus that wait for their answer.');
}

/** Under upstream's names (pkg/audit/metrics.go). */
function auditCounters(metrics: MetricsRegistry, log: AuditLog): void {
  metrics.gauge(
    'apiserver_audit_event_total',
    '[ALPHA] Counter of audit events generated and sent to the audit backend.',
    () => log.written,
    'counter',
  );
  metrics.read(
    'apiserver_audit_error_total',
    '[ALPHA] Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
    ['plugin'],
    () => (log.dropped > 0 ? [[['log'], log.dropped]] : []),
    'counter',
  );
}

function stopServing(served: Served): () => Promise<void> {
  return () => served.stop();
}

function serverContext({ clock, random, logger }: ApiServerOptions, storage: ObjectStorage): ServerContext {
  return {
    storage,
    schema: Schema.load(),
    clock: new ClusterClock(clock),
    random,
    logger,
    get: <T extends KubeObject>(ref: ResourceRef<T>, namespace: string, name: string) =>
      storage.get<T>(storageKey(ref.group, ref.resource, ref.namespaced ? namespace : undefined, name))?.object,
  };
}

interface Assembled {
  readonly pipeline: Pipeline;
  readonly registry: Registry;
  readonly flow: FlowKeeper;
  /** Tells the documents that name this server where it is. */
  located(url: string): void;
  readonly hooks: StartHooks;
  readonly watchers: BusWatchers;
}

/** What was there before the handlers. */
interface Foundation {
  readonly bus: BusConnection | undefined;
  readonly sinks: readonly AuditSink[];
  readonly presence: Presence;
  readonly resources: ResourceRegistry;
  readonly client: WebhookClient;
  readonly remotes: RemoteApis;
}

/** Handlers and what they need, around one context. */
function assemble(
  options: ApiServerOptions,
  context: ServerContext,
  auth: Auth,
  connectors: SpecialHandlers,
  routes: readonly RegattaRoute[],
  { bus, sinks, presence, resources, client, remotes }: Foundation,
): Assembled {
  const metrics = new MetricsRegistry();
  const reach = { client, resources, metrics: new ExtensionMetrics(metrics) };
  const admission = new AdmissionChain(
    admissionPlugins(context, auth, reach),
    new AdmissionMetrics(metrics, options.clock),
  );
  const flow = new FlowControl(options.clock, { metrics, stored: (info) => countOf(context.storage, info) });
  const env: HandlerEnvironment = {
    registry: { server: context, admission },
    resources,
    tables: printedTables(options.clock),
    listBodies: new ListBodies(options.clock),
    authorizer: auth.authorizer,
    watches: new OpenStreams(),
    share: flow.share,
    watchMetrics: new WatchMetrics(metrics),
  };
  serverGauges(metrics, { flow, storage: context.storage, catalog: resources, clock: options.clock });
  metrics.gauge('regatta_open_watches', 'Watches that are being answered now.', () => env.watches.size);
  if (bus) busGauges(metrics, bus);
  for (const sink of sinks) if (sink instanceof AuditLog) auditCounters(metrics, sink);
  const health = new Health();
  const state = { url: '' };
  const failure = (): string | undefined => context.storage.failure?.message;
  health.add({ name: 'etcd', check: failure });
  health.add({ name: 'etcd-readiness', check: failure, readinessOnly: true });
  const hooks = new StartHooks(health);
  hooks.done('start-apiserver-admission-initializer');
  const watchers = new BusWatchers();
  const special: SpecialHandlers = specialHandlers(auth, componentProbes(context, watchers), connectors);
  const discovery = new Discovery(resources, () => state.url.replace('https://', ''));
  const docs = options.fieldDocs === undefined ? noDocs : docsFrom(options.fieldDocs);
  const openApi = new OpenApi({ schema: context.schema, docs }, resources, options.clock);
  const nonResource = {
    discovery,
    health,
    metrics,
    documents: new Map([
      [
        OPENID_CONFIGURATION_PATH,
        {
          mediaType: 'application/json',
          make: (host: string) => openIdConfiguration(keySetServer(host, state.url)),
        },
      ],
      [JWKS_PATH, { mediaType: JWKS_MEDIA_TYPE, make: () => jsonWebKeySet(auth.tokenKey) }],
    ]),
    more: [(call: ApiCall) => openApi.serve(call), (call: ApiCall) => dumpFlow(flow, call.info), regattaApi(routes)],
  };
  const handler = (call: ApiCall): ServerResponse | Promise<ServerResponse> => {
    const remote = remoteOf(remotes, call.info);
    if (remote) return proxyCall(remotes, remote, call);
    return call.info.isResource ? dispatch(env, special, call) : serveNonResource(nonResource, call);
  };
  const { authenticator, authorizer } = auth;
  const { clock, random, logger } = options;
  return {
    pipeline: new Pipeline({
      authenticator,
      authorizer,
      handler,
      clock,
      random,
      logger,
      metrics: new RequestMetrics(metrics),
      access: new AccessMetrics(metrics),
      errorResponse: negotiatedError,
      flow,
      audit: new Auditor(sinks, clock),
      presence,
    }),
    registry: env.registry,
    flow: new FlowKeeper(flow, env.registry, resources, clock),
    hooks,
    watchers,
    located: (url) => {
      state.url = url;
    },
  };
}
