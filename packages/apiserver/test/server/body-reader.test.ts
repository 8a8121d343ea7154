import { Readable } from 'node:stream';
import { StatusError } from '@regatta/api';
import { FakeClock } from '@regatta/runtime';
import { describe, expect, it } from 'vitest';
import { BodyReader } from '../../src/server/body-reader.ts';

describe('FUZZ-2: bodies that stop', () => {
  it.each([
    ['with an error of the connection', new Error('aborted')],
    ['without one', undefined],
  ])("are the sender's fault, %s", async (_how, error) => {
    const bodies = new BodyReader(new FakeClock());
    const stream = new Readable({ read: () => {} });
    const body = Promise.resolve(bodies.read(stream, '100')).catch((caught: unknown) => caught);
    stream.push(Buffer.from('{"a":'));
    stream.destroy(error);
    const refused = await body;
    expect(refused).toBeInstanceOf(StatusError);
    expect(refused).toMatchObject({ code: 400, message: 'the request body was cut off' });
    expect(bodies.size).toBe(0);
  });
});
