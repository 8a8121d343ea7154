import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';

const MAPS = '/api/v1/namespaces/l/configmaps';
const NAMES = ['a', 'b', 'c', 'd', 'e'];

interface List {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

let running: RunningServer;
beforeAll(async () => {
  running = await runServer();
  await prepareNamespace(running, 'l');
  for (const name of NAMES) await create(name);
});
afterAll(() => running.stop());

async function create(name: string): Promise<void> {
  await running.request('POST', MAPS, { body: { metadata: { name, labels: { n: name } } } });
}

async function list(query: string): Promise<List> {
  return (await running.json('GET', `${MAPS}?${query}`)) as unknown as List;
}

const names = ({ items }: List): string[] => items.map(({ metadata }) => metadata.name);
const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('SRV-19: lists by their options', () => {
  it('pages tell how many follow, also when something was written meanwhile', async () => {
    const first = await list('limit=2');
    expect(first.metadata.remainingItemCount).toBe(3);
    await create('bb');
    const second = await list(`limit=2&continue=${first.metadata.continue}`);
    expect(names(second)).toEqual(['c', 'd']);
    expect(second.metadata).toMatchObject({ resourceVersion: first.metadata.resourceVersion, remainingItemCount: 1 });
    const exact = await list(`limit=4&resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`);
    expect(exact.metadata.remainingItemCount).toBe(1);
    await running.request('DELETE', `${MAPS}/bb`);
  });

  it('one name is one object, which no limit cuts', async () => {
    const one = await list('fieldSelector=metadata.name%3Db&limit=1');
    expect(names(one)).toEqual(['b']);
    expect(one.metadata.continue).toBeUndefined();
    const cut = await list('labelSelector=n%3Db&limit=1');
    expect(cut.metadata).toMatchObject({ continue: expect.any(String) });
  });

  it('tokens that nobody made are refused as Go reads them', async () => {
    const refusals: [unknown, string][] = [
      [{}, 'server does not recognize this encoded version '],
      [null, 'server does not recognize this encoded version '],
      [{ v: 'x/v2' }, 'server does not recognize this encoded version x/v2'],
      [{ v: 1 }, 'json: cannot unmarshal number into Go struct field continueToken.v of type string'],
      [[], 'json: cannot unmarshal array into Go value of type storage.continueToken'],
      ['x', 'json: cannot unmarshal string into Go value of type storage.continueToken'],
      [{ v: 'meta.k8s.io/v1' }, 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
      [
        { v: 'meta.k8s.io/v1', rv: '1', start: 'a' },
        'json: cannot unmarshal string into Go struct field continueToken.rv of type int64',
      ],
      [
        { v: 'meta.k8s.io/v1', rv: 1.5, start: 'a' },
        'json: cannot unmarshal number 1.5 into Go struct field continueToken.rv of type int64',
      ],
      [{ v: 'meta.k8s.io/v1', rv: 1 }, 'encoded start key empty (version meta.k8s.io/v1)'],
      [{ v: 'meta.k8s.io/v1', rv: 1, start: '../a' }, '../a'],
      [{ v: 'meta.k8s.io/v1', rv: 1, start: 'a//b' }, 'a//b'],
    ];
    for (const [value, why] of refusals) {
      const answer = await running.json('GET', `${MAPS}?continue=${token(value)}&resourceVersion=5`);
      const message = `invalid continue token: continue key is not valid: ${why}`;
      expect(answer).toMatchObject({ code: 400, reason: 'BadRequest', message });
    }
  });

  it('a token of a state that is not there yet is a timeout', async () => {
    const later = token({ v: 'meta.k8s.io/v1', rv: 999_999, start: 'a\0' });
    const answer = await running.json('GET', `${MAPS}?continue=${later}`);
    expect(answer).toMatchObject({ code: 504, message: expect.stringContaining('Too large resource version: 999999') });
  });

  it('a watch from the state ends it with a bookmark when it allows bookmarks, unasked', async () => {
    const events = async (query: string): Promise<string[]> => {
      const { text } = await running.request('GET', `${MAPS}?watch=1&timeoutSeconds=1&labelSelector=n%3Da&${query}`);
      const lines = text.split('\n').filter(Boolean);
      return lines.map((line) => (line.includes('k8s.io/initial-events-end') ? 'END' : JSON.parse(line).type));
    };
    expect(await events('allowWatchBookmarks=1')).toEqual(['ADDED', 'END']);
    expect(await events('allowWatchBookmarks=1&resourceVersion=0')).toEqual(['ADDED', 'END']);
    expect(await events('')).toEqual(['ADDED']);
  });

  it('a watch from a version takes no notice of `continue`', async () => {
    const path = `${MAPS}?watch=1&timeoutSeconds=1&continue=x`;
    expect((await running.request('GET', `${path}&resourceVersion=1`)).code).toBe(200);
    expect((await running.request('GET', path)).code).toBe(422);
  });

  it('a watch of one object by its path is of that object, and is asked for with GET', async () => {
    const path = '/api/v1/watch/namespaces/l/configmaps/a';
    const asked = (query: string) => running.json('GET', `${path}?timeoutSeconds=1&fieldSelector=${query}`);
    const message = "fieldSelector metadata.name doesn't match requested name";
    expect(await asked('metadata.name%3Db')).toMatchObject({ code: 400, message });
    expect(await asked('metadata.namespace%3Dl')).toMatchObject({ code: 400, message });
    expect(await asked('metadata.namespace%3Dl,metadata.name%3Da')).toMatchObject({ type: 'ADDED' });
    expect((await running.request('POST', path)).code).toBe(405);
  });

  it('a timeout must be a duration', async () => {
    const messageOf = async (timeout: string) => (await running.json('GET', `${MAPS}?timeout=${timeout}`))['message'];
    const refused = (why: string): string => `invalid timeout specified in the request URL: time: ${why}`;
    expect(await messageOf('invalid')).toBe(refused('invalid duration "invalid"'));
    expect(await messageOf('5')).toBe(refused('missing unit in duration "5"'));
    expect(await messageOf('5s3x')).toBe(refused('unknown unit "x" in duration "5s3x"'));
    for (const good of ['0', '0s', '-1.5h', '%2B1m30s', '.5ms', '']) expect(await messageOf(good)).toBeUndefined();
    expect((await running.request('GET', `${MAPS}?watch=1&timeoutSeconds=1&timeout=x`)).code).toBe(200);
  });
});
