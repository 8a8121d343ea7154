/**
 * Watches that come and go: given up before they began, while they are read, left by their reader, or broken with the
 * connection. The scenario of the CI-sized test and of the long form on a whole cluster.
 */
import { type ApiClient, resources } from '@regatta/client';

export interface ReconnectOptions {
  /** May watch the ConfigMaps of kube-system, of which there is at least one. */
  readonly client: ApiClient;
  readonly watches: number;
  /** Watches at once. */
  readonly width: number;
  /** Called in each round while a quarter of its watches are open: may break the connection. */
  readonly whileOpen: (round: number) => Promise<void>;
}

export interface ReconnectFigures {
  readonly served: number;
  /** Given up by their reader, as they were meant to be. */
  readonly aborted: number;
  /** Ended by something else. */
  readonly broken: number;
}

type Ending = 'at-once' | 'while-reading' | 'held' | 'left';
const ENDINGS: readonly Ending[] = ['at-once', 'while-reading', 'held', 'left'];

export async function reconnectWatches(options: ReconnectOptions): Promise<ReconnectFigures> {
  const { client, watches, width, whileOpen } = options;
  const configMaps = client.resource(resources.configMaps);
  const figures = { served: 0, aborted: 0, broken: 0 };
  for (let opened = 0, round = 0; opened < watches; opened += width, round++) {
    const over = new AbortController();
    const held: Promise<void>[] = [];
    const all = Array.from({ length: width }, (_, i) => ENDINGS[i % ENDINGS.length] ?? 'left').map((ending) => {
      const open = new Promise<void>((resolve) => {
        held.push(watchOnce(ending, over.signal, resolve));
      });
      return ending === 'held' ? open : undefined;
    });
    await Promise.all(all);
    await whileOpen(round);
    over.abort();
    await Promise.all(held);
  }
  return figures;

  /** `onOpen` is called when the first event is there, or when there will be none. */
  async function watchOnce(ending: Ending, roundOver: AbortSignal, onOpen: () => void): Promise<void> {
    const own = new AbortController();
    const events = configMaps.watch({ namespace: 'kube-system' }, AbortSignal.any([own.signal, roundOver]));
    if (ending === 'at-once') own.abort();
    try {
      for await (const _ of events) {
        figures.served++;
        onOpen();
        if (ending === 'left') break;
        if (ending === 'while-reading') own.abort();
      }
      figures.aborted++;
    } catch {
      if (own.signal.aborted || roundOver.aborted) figures.aborted++;
      else figures.broken++;
    }
    onOpen();
  }
}
