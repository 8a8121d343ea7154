/**
 * `regatta live`: nodes, Pods and feed on one screen, as they change.
 */
import { StatusError } from '@regatta/api';
import type { FaultList } from '@regatta/bus';
import { type Clock, sleep } from '@regatta/runtime';
import { adminClient, type ConnectedClient } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';
import { keysIn } from '../live/key-names.ts';
import { FEED_KEPT, type LiveFeedLine, type LiveModel, nodesOf, podOf } from '../live/live-model.ts';
import { FIRST_STATE, type LiveState, press } from '../live/live-state.ts';
import { liveFrame } from '../live/live-view.ts';
import { Screen } from '../live/screen.ts';
import { TableWatch } from '../live/table-watch.ts';
import type { TerminalPort } from '../live/terminal-port.ts';
import { FeedLines } from '../workshop/feed-line.ts';
import { type FeedItem, readFeed } from '../workshop/feed-source.ts';
import { reached } from '../workshop/reach.ts';

/** Real milliseconds between frames at least: what comes faster is one frame. */
const FRAME_MS = 80;
/** Ages and the time of day go on. */
const TICK_MS = 1_000;
const FAULTS_EVERY_MS = 2_000;
const FEED_PAST = 200;

export async function live({ io, clock, layout }: Environment): Promise<number> {
  const { terminal } = io;
  if (!terminal)
    throw new CliError('This view needs a terminal. `regatta feed` and `regatta nodes` print the same as lines.', 2);
  const cluster = adminClient(layout);
  try {
    const user = await reached(cluster.url, () => whoAmI(cluster));
    await new LiveView(terminal, clock, cluster, user).run();
    return 0;
  } finally {
    cluster.close();
  }
}

async function whoAmI({ client }: ConnectedClient): Promise<string> {
  const review = { method: 'POST', url: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: {} };
  const { status } = (await client.request(review)) as { status?: { userInfo?: { username?: string } } };
  return status?.userInfo?.username ?? '';
}

class LiveView {
  readonly #terminal: TerminalPort;
  readonly #clock: Clock;
  readonly #cluster: ConnectedClient;
  readonly #user: string;
  readonly #screen: Screen;
  readonly #end = new AbortController();
  readonly #nodes: TableWatch;
  readonly #pods: TableWatch;
  readonly #feed: LiveFeedLine[] = [];
  readonly #lines = new FeedLines();
  #faults: FaultList | undefined;
  #state: LiveState = FIRST_STATE;
  #problem: string | undefined;
  #drawPending = false;

  constructor(terminal: TerminalPort, clock: Clock, cluster: ConnectedClient, user: string) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#cluster = cluster;
    this.#user = user;
    this.#screen = new Screen(terminal);
    const watch = (path: string): TableWatch =>
      new TableWatch({ transport: cluster.transport, clock, path, onChange: () => this.#changed() });
    this.#nodes = watch('/api/v1/nodes');
    this.#pods = watch('/api/v1/pods');
  }

  /** Until somebody quits. The terminal is as it was afterwards, whatever happens. */
  async run(): Promise<void> {
    const { signal } = this.#end;
    const releases = [
      this.#terminal.onInput((text) => this.#input(text)),
      this.#terminal.onResize(() => this.#draw()),
      this.#terminal.onEnd(() => this.#leave()),
    ];
    this.#screen.enter();
    try {
      this.#draw();
      await Promise.all([
        this.#nodes.run(signal),
        this.#pods.run(signal),
        this.#follow(signal),
        this.#every(FAULTS_EVERY_MS, signal, () => this.#readFaults(signal)),
        this.#every(TICK_MS, signal, async () => this.#draw()),
      ]);
    } finally {
      this.#leave();
      for (const release of releases) release();
    }
  }

  #leave(): void {
    this.#end.abort();
    this.#screen.leave();
  }

  #input(text: string): void {
    for (const key of keysIn(text)) this.#state = press(this.#state, key, this.#frame().sizes);
    if (this.#state.quit) return this.#leave();
    this.#draw();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      for await (const item of readFeed(this.#cluster, this.#clock, { follow: true, last: FEED_PAST }, signal))
        this.#take(item);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof StatusError)) throw error;
      this.#problem = `The feed can't be read: ${error.message}`;
      this.#changed();
    }
  }

  #take(item: FeedItem): void {
    if ('connection' in item)
      this.#problem = item.connection === 'lost' ? 'The API server does not answer; waiting for it.' : undefined;
    if ('entry' in item) {
      const { kind, tone } = item.entry;
      this.#feed.push({ ...this.#lines.columns(item.entry), kind, tone });
      if (this.#feed.length > FEED_KEPT) this.#feed.shift();
      else if (this.#state.at.feed > 0) this.#state = heldBack(this.#state);
    }
    this.#changed();
  }

  /** Who may not see faults, or has an apiserver that is down, sees none. */
  async #readFaults(signal: AbortSignal): Promise<void> {
    try {
      this.#faults = (await this.#cluster.client.request({
        method: 'GET',
        url: '/regatta/v1/faults',
        signal,
      })) as FaultList;
    } catch (error) {
      if (!(error instanceof StatusError) && !signal.aborted) throw error;
      this.#faults = undefined;
    }
    this.#changed();
  }

  async #every(ms: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await act();
      await sleep(this.#clock, ms, signal).catch(() => undefined);
    }
  }

  #changed(): void {
    if (this.#drawPending) return;
    this.#drawPending = true;
    this.#clock.setTimer(FRAME_MS, () => {
      this.#drawPending = false;
      this.#draw();
    });
  }

  #draw(): void {
    if (!this.#end.signal.aborted) this.#screen.draw(this.#frame().lines);
  }

  #frame(): ReturnType<typeof liveFrame> {
    const pods = this.#pods.rows.map(podOf);
    const model: LiveModel = {
      cluster: this.#cluster.name,
      user: this.#user,
      nodes: nodesOf(this.#nodes.rows, pods, this.#faults),
      pods,
      feed: this.#feed,
      problem: this.#problem ?? this.#pods.problem ?? this.#nodes.problem,
    };
    return liveFrame(model, this.#state, this.#terminal, this.#cluster.namespace, this.#clock.now());
  }
}

/** Whoever looks back stays at the line they look at. */
function heldBack(state: LiveState): LiveState {
  return { ...state, at: { ...state.at, feed: state.at.feed + 1 } };
}
