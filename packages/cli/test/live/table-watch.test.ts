/** Rows as the server prints them, over broken watches. */
import { StatusError } from '@regatta/api';
import { deferred, SystemClock } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { TableWatch } from '../../src/live/table-watch.ts';

interface Event {
  readonly type: string;
  readonly object: unknown;
}

function table(name: string, status: string, columns?: readonly string[]): object {
  return {
    ...(columns ? { columnDefinitions: columns.map((column) => ({ name: column })) } : {}),
    rows: [{ cells: [name, status], object: { metadata: { name, namespace: 'a' } } }],
  };
}

const COLUMNS = ['Name', 'Status'];
const BOOKMARK: Event = { type: 'BOOKMARK', object: {} };

describe('a watch of tables', () => {
  it('WS-40: shows what there is, then changes; after a break what went meanwhile is gone', async () => {
    const end = new AbortController();
    const held = deferred<void>();
    const first = (async function* (): AsyncGenerator<Event> {
      yield { type: 'ADDED', object: table('one', 'Pending', COLUMNS) };
      yield { type: 'ADDED', object: table('two', 'Pending') };
      yield BOOKMARK;
      yield { type: 'MODIFIED', object: table('one', 'Running') };
      throw new Error('the line broke');
    })();
    const second = (async function* (): AsyncGenerator<Event> {
      yield { type: 'ADDED', object: table('one', 'Running', COLUMNS) };
      yield { type: 'ADDED', object: table('three', 'Pending') };
      yield BOOKMARK;
      yield { type: 'DELETED', object: table('three', 'Pending') };
      await held.promise;
    })();
    const answers = [first, second];
    const seen: string[] = [];
    const asked: unknown[] = [];
    const watch = new TableWatch({
      transport: {
        watch: async (request) => {
          asked.push(request.headers);
          const answer = answers.shift();
          if (!answer) throw new Error('no more');
          return answer;
        },
      },
      clock: new SystemClock(),
      path: '/api/v1/pods',
      onChange: () => {
        seen.push(
          watch.rows.map(({ name, cells }) => `${name}=${cells.get('Status')}`).join(' ') + (watch.problem ? '!' : ''),
        );
        if (answers.length === 0 && seen.at(-1) === 'one=Running') {
          end.abort();
          held.resolve();
        }
      },
    });
    await watch.run(end.signal);
    expect(seen).toEqual([
      'one=Pending two=Pending',
      'one=Running two=Pending',
      'one=Running two=Pending!',
      'one=Running three=Pending',
      'one=Running',
      ...seen.slice(5),
    ]);
    expect(asked[0]).toEqual({ accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  });

  it('WS-41: says why it was refused', async () => {
    const end = new AbortController();
    const refusal = new StatusError({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      code: 403,
      reason: 'Forbidden',
      message: 'pods is forbidden',
    });
    const watch = new TableWatch({
      transport: { watch: () => Promise.reject(refusal) },
      clock: new SystemClock(),
      path: '/api/v1/pods',
      onChange: () => end.abort(),
    });
    await watch.run(end.signal);
    expect(watch.problem).toBe('pods is forbidden');
  });
});
