import { StatusError } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { BodyFields, jsonResponse, LARGEST_REGATTA_BODY, regattaApi } from '../../src/regatta-api/mod.ts';
import type { ApiCall } from '../../src/server/api-call.ts';
import type { FixedResponse } from '../../src/server/exchange.ts';
import { requestInfo } from '../../src/server/request-info.ts';

const api = regattaApi([
  { method: 'POST', path: '/regatta/v1/nodes/{node}/kill', serve: ({ params }) => jsonResponse(params) },
  { method: 'GET', path: '/regatta/v1/faults', serve: () => jsonResponse({ items: [] }) },
  { method: 'DELETE', path: '/regatta/v1/faults/{id}', serve: ({ params }) => jsonResponse(params, 202) },
]);

function call(method: string, url: string, body = ''): ApiCall {
  const request = {
    method,
    url,
    headers: {},
    credentials: {},
    certificateRejected: false,
    remoteAddress: '',
    body: () => Buffer.from(body),
    isGone: () => false,
    signal: new AbortController().signal,
  };
  return { request, info: requestInfo(method, url), user: { name: 'alice', groups: [] }, warnings: [] };
}

function text(response: unknown): string {
  return Buffer.concat((response as FixedResponse).body).toString();
}

function refusal(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error instanceof StatusError ? `${error.code} ${error.reason}: ${error.message}` : error;
  }
}

async function fields(body: string, read: (fields: BodyFields) => unknown): Promise<unknown> {
  try {
    return read(await BodyFields.read(call('POST', '/regatta/v1/x', body).request));
  } catch (error) {
    return error instanceof StatusError ? `${error.code} ${error.reason}: ${error.message}` : error;
  }
}

describe('Regatta paths', () => {
  it('FLT-40: a path part in braces matches one segment', async () => {
    expect(JSON.parse(text(await api(call('POST', '/regatta/v1/nodes/node-2/kill'))))).toEqual({ node: 'node-2' });
    expect((await api(call('DELETE', '/regatta/v1/faults/a%20b'))) as FixedResponse).toMatchObject({ code: 202 });
    expect(text(await api(call('GET', '/regatta/v1/faults')))).toBe('{\n  "items": []\n}\n');
  });

  it('FLT-40: other paths are left to others', () => {
    expect(api(call('GET', '/version'))).toBeUndefined();
    expect(api(call('GET', '/regatta'))).toBeUndefined();
  });

  it.each(['/regatta/', '/regatta/v1', '/regatta/v1/nodes//kill', '/regatta/v1/nodes/a/b/kill', '/regatta/v2/faults'])(
    'FLT-40: %s is not found',
    (path) => {
      expect(refusal(() => api(call('POST', path)))).toBe(
        '404 NotFound: the server could not find the requested resource',
      );
    },
  );

  it('FLT-40: a method that a path lacks is not allowed', () => {
    expect(refusal(() => api(call('GET', '/regatta/v1/nodes/node-2/kill')))).toBe(
      '405 MethodNotAllowed: the server does not allow this method on the requested resource',
    );
  });

  it('FLT-40: two routes for the same requests are a mistake', () => {
    const serve = () => jsonResponse({});
    expect(() =>
      regattaApi([
        { method: 'GET', path: '/regatta/v1/{a}', serve },
        { method: 'GET', path: '/regatta/v1/{b}', serve },
      ]),
    ).toThrow('two routes for GET /regatta/v1/{}');
  });
});

describe('bodies', () => {
  it('FLT-41: fields are read with their types; an empty body has none', async () => {
    const read = (body: BodyFields) => {
      const seen = [body.string('for'), body.number('n'), body.strings('from')];
      body.done();
      return seen;
    };
    expect(await fields('{"for":"30s","n":2,"from":["a"]}', read)).toEqual(['30s', 2, ['a']]);
    expect(await fields('', read)).toEqual([undefined, undefined, undefined]);
    expect(await fields('{"for":null}', read)).toEqual([undefined, undefined, undefined]);
  });

  it.each([
    ['{"fro":"30s"}', '400 BadRequest: strict decoding error: unknown field "fro"'],
    ['{"__proto__":1}', '400 BadRequest: strict decoding error: unknown field "__proto__"'],
    ['{"for":"1s","for":"2s"}', '400 BadRequest: strict decoding error: duplicate field "for"'],
    ['{"for":30}', '400 BadRequest: field "for" must be a string'],
    ['{}', '400 BadRequest: field "for" is required'],
    ['[]', '400 BadRequest: the body must be a JSON object'],
    ['{', '400 BadRequest: unexpected end of JSON input'],
  ])('FLT-41: %s is refused', async (body, why) => {
    expect(
      await fields(body, (found) => {
        const value = found.string('for');
        found.done();
        return found.required('for', value);
      }),
    ).toBe(why);
  });

  it('FLT-41: a body past the limit is refused', async () => {
    expect(await fields(`{"for":"${'x'.repeat(LARGEST_REGATTA_BODY)}"}`, () => 'read')).toBe(
      `413 RequestEntityTooLarge: Request entity too large: limit is ${LARGEST_REGATTA_BODY}`,
    );
  });
});
