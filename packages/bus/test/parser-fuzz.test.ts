import { type Random, seededRandom } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { type CommandHandler, CommandParser, ProtocolError } from '../src/broker/parser.ts';

const LIMITS = { maxControlLine: 256, maxPayload: 4096 };

function recorder(): { readonly seen: string[]; readonly handler: CommandHandler } {
  const seen: string[] = [];
  const handler: CommandHandler = {
    onConnect: (options) => seen.push(`connect ${JSON.stringify(options)}`),
    onPublish: (subject, reply, headerLength, payload) =>
      seen.push(`pub ${subject}|${reply}|${headerLength}|${payload.toString('hex')}`),
    onSubscribe: (subject, queue, sid) => seen.push(`sub ${subject}|${queue}|${sid}`),
    onUnsubscribe: (sid, max) => seen.push(`unsub ${sid}|${max}`),
    onPing: () => seen.push('ping'),
    onPong: () => seen.push('pong'),
  };
  return { seen, handler };
}

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T;
const word = (random: Random): string =>
  Array.from({ length: 1 + Math.floor(random.next() * 12) }, () => pick(random, [...'abcXYZ019._-%\xe9\xff'])).join('');

/** A command as bytes, and what the parser must make of it. */
function command(random: Random): { readonly bytes: Buffer; readonly meaning: string } {
  const subject = word(random);
  const reply = random.next() < 0.5 ? word(random) : '';
  const payload = Buffer.from(Array.from({ length: Math.floor(random.next() ** 3 * 4000) }, () => random.next() * 256));
  const eol = random.next() < 0.9 ? '\r\n' : '\n';
  const text = (line: string): Buffer => Buffer.from(line + eol, 'latin1');
  const end = Buffer.from('\r\n');
  switch (Math.floor(random.next() * 7)) {
    case 0:
      return { bytes: text('PING'), meaning: 'ping' };
    case 1:
      return { bytes: text('pong'), meaning: 'pong' };
    case 2:
      return { bytes: text(`SUB ${subject} ${reply} s1`), meaning: `sub ${subject}|${reply}|s1` };
    case 3:
      return { bytes: text('UNSUB s1 7'), meaning: 'unsub s1|7' };
    case 4: {
      const headers = Math.floor(random.next() * (payload.length + 1));
      const line = text(`HPUB ${subject} ${reply} ${headers} ${payload.length}`);
      const meaning = `pub ${subject}|${reply}|${headers}|${payload.toString('hex')}`;
      return { bytes: Buffer.concat([line, payload, end]), meaning };
    }
    case 5:
      return { bytes: text('CONNECT {"verbose":true}'), meaning: 'connect {"verbose":true}' };
    default: {
      const line = text(`PUB ${subject} ${reply} ${payload.length}`);
      return {
        bytes: Buffer.concat([line, payload, end]),
        meaning: `pub ${subject}|${reply}|0|${payload.toString('hex')}`,
      };
    }
  }
}

function pieces(random: Random, bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(random.next() ** 4 * 3000);
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

describe('parser', () => {
  it('BRK-20: reads any commands in any pieces (seeds 1 to 40)', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const commands = Array.from({ length: 50 }, () => command(random));
      const { seen, handler } = recorder();
      const parser = new CommandParser(handler, LIMITS);
      for (const piece of pieces(random, Buffer.concat(commands.map(({ bytes }) => bytes)))) parser.push(piece);
      expect(seen, `seed ${seed}`).toEqual(commands.map(({ meaning }) => meaning));
    }
  });

  it('BRK-21: damaged bytes end in commands or a ProtocolError, nothing else (seeds 1 to 300)', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const bytes = Buffer.concat(Array.from({ length: 10 }, () => command(random).bytes));
      for (let i = 0; i < 5; i++) bytes[Math.floor(random.next() * bytes.length)] = random.next() * 256;
      const parser = new CommandParser(recorder().handler, LIMITS);
      try {
        for (const piece of pieces(random, bytes)) parser.push(piece);
      } catch (error) {
        expect(error, `seed ${seed}`).toBeInstanceOf(ProtocolError);
      }
    }
  });
});
