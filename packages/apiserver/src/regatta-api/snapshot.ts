/**
 * `GET /regatta/v1/snapshot`: everything that is stored, Secrets too, as a file that `regatta snapshot restore` takes. RBAC
 * lets cluster administrators have it (nonResourceURLs).
 *
 * A reader that stops reading is cut off as any other: as long as it is there, LevelDB keeps what the snapshot shows.
 */
import type { StreamSink } from '../server/exchange.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { RegattaRoute } from './route-table.ts';

export function snapshotRoute(storage: Pick<ObjectStorage, 'snapshot'>): RegattaRoute {
  return {
    method: 'GET',
    path: '/regatta/v1/snapshot',
    serve: () => ({
      code: 200,
      headers: { 'content-type': 'application/octet-stream' },
      stream: (sink) => send(storage.snapshot(), sink),
    }),
  };
}

/** The end of a snapshot says that it is one: whoever gets less notices. */
async function send(chunks: AsyncIterable<Uint8Array>, sink: StreamSink): Promise<void> {
  for await (const chunk of chunks) {
    sink.signal.throwIfAborted();
    if (!sink.write(chunk)) await sink.drained();
  }
}
