/**
 * The run that docs/spec/history.md is about: clients over HTTPS and over the bus write, read, list and watch while a nemesis kills
 * and freezes apiserver and broker; then everything comes to rest, and what all of them saw is checked.
 */
import { execFileSync } from 'node:child_process';
import { setMaxListeners } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { connectBus, credentialsFile } from '@regatta/bus';
import { ApiClient, BusTransport, resources } from '@regatta/client';
import { type Random, SystemClock, seededRandom, silentLogger } from '@regatta/runtime';
import { eventually, type TestCluster } from '../cluster.ts';
import { checkHistory } from './check-history.ts';
import { Churn } from './churn.ts';
import { InformerFollower } from './informer-follower.ts';
import { Nemesis } from './nemesis.ts';
import { ObservedClient } from './observed-client.ts';
import type { ListRecord, Violation } from './operation.ts';
import { HistoryRecorder, saveHistory } from './recorder.ts';
import { runTraffic } from './traffic.ts';
import { WatchReader } from './watch-reader.ts';

export interface CrashScenario {
  readonly cluster: TestCluster;
  readonly seed: number;
  /** Milliseconds of traffic; longer when the nemesis has not done its least. */
  readonly duration: number;
  readonly atLeast: { readonly apiserver: number; readonly broker: number };
}

export interface CrashReport {
  readonly violations: readonly Violation[];
  readonly figures: Readonly<Record<string, number>>;
  /** Where the history is, when there are violations. */
  readonly file: string | undefined;
}

/** Clients that work over HTTPS and over the bus, and their longest pause, ms. */
const CLIENTS = { https: 4, bus: 2 };
const PAUSE_MS = 14;
/** Objects of the namespace that all fight for, and of the other one. */
const OBJECTS = { hot: 3, wide: 50 };
const BUS_SUBJECT = 'system:serviceaccount:kube-system:history';
const SETTLE_MS = 45_000;

export async function runCrashScenario(scenario: CrashScenario): Promise<CrashReport> {
  const stage = new Stage(scenario);
  try {
    await stage.prepare();
    await stage.play();
    await stage.settle();
    return stage.report();
  } catch (error) {
    throw new Error(`the run did not end (history in ${stage.save()}): ${(error as Error).message}`, { cause: error });
  } finally {
    await stage.close();
  }
}

class Stage {
  readonly #recorder = new HistoryRecorder();
  readonly #closers: (() => unknown)[] = [];
  readonly #watching = new AbortController();
  readonly #readers: WatchReader[] = [];
  readonly #informers: InformerFollower[] = [];
  readonly #running: Promise<void>[] = [];
  /** What ended a reader or an informer before its time. */
  readonly #failures: string[] = [];
  readonly #random: Random;
  readonly #admin: ApiClient;
  readonly #churn: Churn;
  readonly #nemesis: Nemesis;
  readonly #traffic = new AbortController();
  readonly #final: ListRecord[] = [];
  #bus: ApiClient | undefined;

  constructor(readonly scenario: CrashScenario) {
    const { cluster, seed, atLeast } = scenario;
    this.#random = seededRandom(seed);
    // As many listen as there are watches.
    setMaxListeners(0, this.#watching.signal);
    this.#admin = this.#https();
    this.#churn = new Churn(this.#admin, this.#name('apps'), this.#fork());
    this.#nemesis = new Nemesis({ cluster, random: this.#fork(), atLeast, signal: this.#traffic.signal });
  }

  /** Namespaces, rights, and readers that see everything from before the first write. */
  async prepare(): Promise<void> {
    this.#bus = await this.#overBus();
    const observer = new ObservedClient('observer', this.#admin, this.#recorder);
    for (const purpose of ['hot', 'wide'] as const) {
      const namespace = this.#name(purpose);
      const { resourceVersion } = await observer.configMaps.list({ namespace });
      await this.#admin.resource(resources.namespaces).create({ metadata: { name: namespace }, spec: {} });
      this.#follow(namespace, Number(resourceVersion));
    }
    await this.#admin.resource(resources.namespaces).create({ metadata: { name: this.#name('apps') }, spec: {} });
    await this.#churn.begin();
  }

  async play(): Promise<void> {
    const namespaces = (['hot', 'wide'] as const).map((name) => ({ name: this.#name(name), objects: OBJECTS[name] }));
    const stop = setTimeout(() => this.#traffic.abort(), this.scenario.duration);
    const clients = [
      ...Array.from({ length: CLIENTS.https }, (_, i) => this.#observed(`https-${i}`, this.#https())),
      ...Array.from({ length: CLIENTS.bus }, (_, i) => this.#observed(`bus-${i}`, this.#overTheBus())),
    ];
    // Traffic goes on as long as the nemesis does, which may owe kills when time is over.
    const end = new AbortController();
    const traffic = clients.map((client) =>
      runTraffic({ client, random: this.#fork(), namespaces, pause: PAUSE_MS, signal: end.signal }),
    );
    const churning = this.#churn.run(end.signal);
    const struck = this.#nemesis.run().finally(() => end.abort());
    try {
      // Readers go on after this; one that fails ends the run at once.
      await Promise.race([struck, Promise.all([...traffic, churning, ...this.#running])]);
      await Promise.all([...traffic, churning]);
    } finally {
      clearTimeout(stop);
      this.#traffic.abort();
      end.abort();
    }
  }

  /** Everybody has seen everything, and the cluster is whole. */
  async settle(): Promise<void> {
    const last = this.#observed('last', this.#https());
    for (const namespace of [this.#name('hot'), this.#name('wide')]) {
      await eventually(
        'a last write',
        async () => (await last.perform(`${namespace}/end`, END)).type === 'ok',
        SETTLE_MS,
      );
      const all = await eventually('a last list', () => last.list(namespace, {}, this.#watching.signal), SETTLE_MS);
      this.#final.push(all);
      const end = last.seen.get(`${namespace}/end`)?.revision ?? 0;
      const here = this.#readers.filter((reader) => reader.namespace === namespace);
      const behind = (): WatchReader[] => here.filter(({ position }) => position < end);
      await eventually(`watches of ${namespace} came to ${end}`, async () => behind().length === 0, SETTLE_MS).catch(
        (cause: unknown) => {
          const who = behind().map(({ client, position }) => `${client.name} at ${position}`);
          throw new Error(`watches of ${namespace} did not come to ${end}: ${[...who, ...this.#failures].join(', ')}`, {
            cause,
          });
        },
      );
      const followers = this.#informers.filter((informer) => informer.namespace === namespace);
      await eventually(
        `informers of ${namespace} hold the truth`,
        async () => followers.every((informer) => informer.agrees(all.items)),
        SETTLE_MS,
      );
    }
    await eventually('the Deployment is scaled', () => this.#churn.end(), SETTLE_MS);
    let wrong = ['nobody answered'];
    const whole = async (): Promise<boolean> => {
      wrong = await this.#churn.unsettled();
      return wrong.length === 0;
    };
    await eventually('the cluster is whole', whole, SETTLE_MS).catch((cause: unknown) => {
      throw new Error(`seed ${this.scenario.seed}: the cluster did not settle: ${wrong.join('; ')}`, { cause });
    });
  }

  report(): CrashReport {
    const started = performance.now();
    const checked = checkHistory(this.#recorder);
    const violations = [...checked.violations, ...this.#informers.flatMap((informer) => informer.violations)];
    const { operations, lists, watches } = this.#recorder;
    const unknown = operations.filter(({ outcome }) => outcome.type === 'unknown').length;
    const connections = watches.reduce((sum, watch) => sum + watch.connections.length, 0);
    return {
      violations,
      file: violations.length > 0 ? this.save() : undefined,
      figures: {
        operations: operations.length,
        'of them without an answer': unknown,
        lists: lists.length,
        revisions: checked.revisions,
        'watch events': this.#recorder.events,
        'watch connection attempts': connections,
        'informer calls': this.#informers.reduce((sum, { heard }) => sum + heard, 0),
        'apiserver kills': this.#nemesis.kills.apiserver,
        'broker kills': this.#nemesis.kills.broker,
        freezes: this.#nemesis.freezes.apiserver + this.#nemesis.freezes.broker,
        'check ms': Math.round(performance.now() - started),
      },
    };
  }

  /** Writes what was recorded so far. @returns the file */
  save(): string {
    return saveHistory(this.#recorder, { seed: this.scenario.seed, figures: this.#nemesis.kills });
  }

  async close(): Promise<void> {
    this.#watching.abort();
    await Promise.allSettled(this.#running);
    const namespaces = this.#admin.resource(resources.namespaces);
    await Promise.allSettled(
      (['hot', 'wide', 'apps'] as const).map((purpose) => namespaces.delete(this.#name(purpose))),
    );
    for (const close of this.#closers.reverse()) await close();
  }

  /** Readers and informers of a namespace, over both transports. */
  #follow(namespace: string, since: number): void {
    const read = (name: string, api: ApiClient, from: number | undefined): void => {
      const reader = new WatchReader(this.#observed(name, api), namespace, this.#fork(), from);
      this.#readers.push(reader);
      this.#keepRunning(name, reader.run(this.#watching.signal));
    };
    read('https-reader-1', this.#https(), since);
    read('https-reader-2', this.#https(), since);
    read('https-initial', this.#https(), undefined);
    read('bus-reader', this.#overTheBus(), since);
    for (const [name, api] of [
      ['https', this.#https()],
      ['bus', this.#overTheBus()],
    ] as const) {
      const informer = new InformerFollower(name, api, namespace, this.#fork());
      this.#informers.push(informer);
      this.#keepRunning(name, informer.run(this.#watching.signal));
    }
  }

  #keepRunning(name: string, run: Promise<void>): void {
    const noted = run.catch((error: unknown) => {
      this.#failures.push(`${name}: ${String(error)}`);
      throw error;
    });
    noted.catch(() => {});
    this.#running.push(noted);
  }

  #name(purpose: 'hot' | 'wide' | 'apps'): string {
    return `history-${this.scenario.seed}-${purpose}`;
  }

  #fork(): Random {
    return seededRandom(Math.floor(this.#random.next() * 2 ** 32));
  }

  #observed(name: string, api: ApiClient): ObservedClient {
    return new ObservedClient(name, api, this.#recorder);
  }

  #https(): ApiClient {
    const { client, close } = this.scenario.cluster.client();
    this.#closers.push(close);
    return client;
  }

  #overTheBus(): ApiClient {
    if (!this.#bus) throw new Error('the bus is not connected yet');
    return this.#bus;
  }

  /** The controller-manager's identity may speak for service accounts of kube-system: one of them gets all rights. */
  async #overBus(): Promise<ApiClient> {
    await this.#admin.resource(resources.clusterRoleBindings).create({
      metadata: { name: this.#name('hot') },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'history', namespace: 'kube-system' }],
    });
    const { dataDir } = this.scenario.cluster;
    const user = 'system:kube-controller-manager';
    const bus = await connectBus({
      servers: busAddress(dataDir),
      credentialsFile: credentialsFile(path.join(dataDir, 'bus'), user),
      user,
      clock: new SystemClock(),
      logger: silentLogger,
    });
    this.#closers.push(() => bus.close());
    return new ApiClient(new BusTransport(bus), { userAgent: 'history', as: BUS_SUBJECT });
  }
}

const END = { kind: 'apply', set: { v: 'end' } } as const;

/** Where the broker listens, as the cluster's own processes were told. */
function busAddress(dataDir: string): string {
  const pid =
    fs
      .readFileSync(path.join(dataDir, 'run', 'scheduler.pid'), 'utf8')
      .trim()
      .split(/\s/)[0] ?? '';
  const told = execFileSync('ps', ['-ww', '-o', 'args=', '-p', pid], { encoding: 'utf8' });
  const address = /--bus (\S+)/.exec(told)?.[1];
  if (!address) throw new Error(`no bus address in: ${told}`);
  return address;
}
