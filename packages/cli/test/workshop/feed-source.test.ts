/** The feed over broken connections: nothing twice, nothing lost that the server still has. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransport } from '@regatta/client';
import { SystemClock } from '@regatta/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FeedLines } from '../../src/workshop/feed-line.ts';
import { type FeedEntry, type FeedItem, readFeed } from '../../src/workshop/feed-source.ts';

function entry(number: number, more: Partial<FeedEntry> = {}): FeedEntry {
  return {
    cursor: `a-${number}`,
    at: 0,
    clusterMs: 0,
    kind: 'did',
    who: 'alice',
    text: `did ${number}`,
    tone: 'plain',
    scope: 'nodes',
    ...more,
  };
}

describe('reading the feed', () => {
  let server: http.Server;
  let transport: HttpTransport;
  /** Answers in turn. */
  let answers: ((url: string, answer: http.ServerResponse) => void)[];
  beforeEach(async () => {
    answers = [];
    server = http.createServer((request, answer) => {
      const next = answers.shift();
      if (next) next(request.url ?? '', answer);
      else request.socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    transport = new HttpTransport({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  afterEach(async () => {
    await transport.close();
    server.closeAllConnections();
    server.close();
  });

  const line = (item: object): string => `${JSON.stringify(item)}\n`;
  const take = async (count: number, signal = new AbortController().signal): Promise<FeedItem[]> => {
    const items: FeedItem[] = [];
    for await (const item of readFeed({ transport }, new SystemClock(), { follow: true, last: 5 }, signal)) {
      items.push(item);
      if (items.length === count) break;
    }
    return items;
  };

  it('WS-32: goes on after the last entry it saw, and says that the line was broken', async () => {
    const urls: string[] = [];
    answers = [
      (url, answer) => {
        urls.push(url);
        answer.write(`\n${line({ entry: entry(1) })}\n${line({ entry: entry(2) }).slice(0, 9)}`);
        answer.write(line({ entry: entry(2) }).slice(9), () => answer.destroy());
      },
      (_url, answer) => {
        answer.writeHead(503).end();
      },
      (url, answer) => {
        urls.push(url);
        answer.write(line({ missed: 3 }) + line({ entry: entry(6) }));
      },
    ];
    expect(await take(6)).toEqual([
      { entry: entry(1) },
      { entry: entry(2) },
      { connection: 'lost' },
      { connection: 'back' },
      { missed: 3 },
      { entry: entry(6) },
    ]);
    expect(urls).toEqual(['/regatta/v1/feed?follow=true&last=5', '/regatta/v1/feed?follow=true&last=5&since=a-2']);
  });

  it('WS-32: a refusal ends it', async () => {
    answers = [
      (_url, answer) =>
        answer
          .writeHead(403, { 'content-type': 'application/json' })
          .end('{"kind":"Status","code":403,"message":"no"}'),
    ];
    await expect(take(1)).rejects.toMatchObject({ status: { code: 403 } });
  });

  it('WS-42: ends at once when nobody looks any more, also while nothing comes', async () => {
    const end = new AbortController();
    answers = [
      (_url, answer) => {
        answer.write(line({ entry: entry(1) }));
        answer.on('close', () => answer.end());
      },
    ];
    const items: FeedItem[] = [];
    for await (const item of readFeed({ transport }, new SystemClock(), { follow: true, last: 5 }, end.signal)) {
      items.push(item);
      queueMicrotask(() => end.abort());
    }
    expect(items).toEqual([{ entry: entry(1) }]);
  });
});

describe('a line of the feed', () => {
  it('WS-31: tells how much cluster time has gone since somebody last did something', () => {
    const lines = new FeedLines();
    const since = (number: number, kind: FeedEntry['kind'], clusterMs: number, ring = 'a'): string =>
      lines.columns(entry(number, { kind, clusterMs, cursor: `${ring}-${number}` })).since;
    expect(since(1, 'happened', 0)).toBe('');
    expect(since(2, 'did', 1_000)).toBe('');
    expect(since(3, 'happened', 41_000)).toBe('+40s');
    expect(since(4, 'happened', 326_000)).toBe('+5m25s');
    expect(since(5, 'happened', 4_000_000)).toBe('');
    expect(since(6, 'happened', 42_000, 'b')).toBe('');
  });

  it('WS-36: is printable whatever a server sends', () => {
    const { who, text } = new FeedLines().columns(entry(1, { who: 'a\u001b[2J', text: '\u202Ex\n' }));
    expect(who + text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
