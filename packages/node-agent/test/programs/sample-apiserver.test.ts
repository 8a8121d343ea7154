import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { isConflict, isForbidden, isGone, isInvalid, isNotFound } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { extensionRequest } from '../../src/images/extension/extension-request.ts';
import { selection, shownList, shownObject } from '../../src/images/sample-apiserver/wardle-answers.ts';
import { openApiV3, resourceList } from '../../src/images/sample-apiserver/wardle-documents.ts';
import { kindsOf } from '../../src/images/sample-apiserver/wardle-kinds.ts';
import { bodyOf, LONGEST_BODY, MAX_UNREAD, writeFrame } from '../../src/images/sample-apiserver/wardle-server.ts';
import { MAX_HISTORY, MAX_OBJECTS, WardleStore } from '../../src/images/sample-apiserver/wardle-store.ts';
import {
  create,
  existing,
  patch,
  remove,
  type Target,
  update,
  type WriteOptions,
} from '../../src/images/sample-apiserver/wardle-writes.ts';

function target(kind: string, name = '', version = 'v1alpha1'): Target {
  const found = kindsOf(version).find((own) => own.kind === kind);
  if (!found) throw new Error(kind);
  return { kind: found, version, namespace: found.namespaced ? 'ns' : '', name };
}

const bytes = (body: object): Uint8Array => Buffer.from(JSON.stringify(body));
const flunder = (name: string, spec: object = {}, version = 'v1alpha1'): Uint8Array =>
  bytes({ apiVersion: `wardle.example.com/${version}`, kind: 'Flunder', metadata: { name }, spec });

function options(more: Partial<WriteOptions> = {}): WriteOptions & { readonly warnings: string[] } {
  const warnings: string[] = [];
  const now = Date.parse('2026-01-01T00:00:00Z');
  return { dryRun: false, fieldValidation: 'Warn', now, warn: (text) => warnings.push(text), ...more, warnings };
}

describe('sample-apiserver', () => {
  it('IMG-47: a flunder is created, converted, changed and deleted', () => {
    const store = new WardleStore('seed');
    const made = create(store, target('Flunder'), flunder('f', { reference: 'g' }), options());
    expect(made.metadata).toMatchObject({
      namespace: 'ns',
      creationTimestamp: '2026-01-01T00:00:00Z',
      resourceVersion: '2',
    });
    const { kind } = target('Flunder');
    const shown = (version: string): object =>
      shownObject({ kind, version, asTable: false }, existing(store, target('Flunder', 'f')));
    expect(shown('v1alpha1')).toMatchObject({ spec: { reference: 'g', referenceType: 'Flunder' }, status: {} });
    expect(shown('v1beta1')).toMatchObject({
      apiVersion: 'wardle.example.com/v1beta1',
      spec: { flunderReference: 'g', referenceType: 'Flunder' },
    });
    const merge = 'application/merge-patch+json';
    const labelled = patch(
      store,
      target('Flunder', 'f'),
      merge,
      bytes({ metadata: { labels: { a: 'b' } } }),
      options(),
    );
    expect(labelled.metadata).toMatchObject({ labels: { a: 'b' }, resourceVersion: '3' });
    const stale = bytes({ metadata: { name: 'f', resourceVersion: '2' } });
    expect(() => update(store, target('Flunder', 'f'), stale, options())).toThrow(
      expect.toSatisfy((error: unknown) => isConflict(error)),
    );
    remove(store, target('Flunder', 'f'), new Uint8Array(), options());
    expect(() => existing(store, target('Flunder', 'f'))).toThrow(
      expect.toSatisfy((error: unknown) => isNotFound(error)),
    );
    expect(store.since(1).map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('IMG-47: what a version does not have is warned of, or refused when that is asked for', () => {
    const store = new WardleStore('seed');
    const asked = options();
    create(store, target('Flunder'), flunder('f', { flunderReference: 'g' }), asked);
    expect(asked.warnings).toEqual(['unknown field "spec.flunderReference"']);
    expect(() =>
      create(store, target('Flunder'), flunder('g', { x: 1 }), options({ fieldValidation: 'Strict' })),
    ).toThrow(
      'Flunder in version "v1alpha1" cannot be handled as a Flunder: strict decoding error: unknown field "spec.x"',
    );
  });

  it('IMG-47: a reference and its type fit each other', () => {
    const store = new WardleStore('seed');
    const refusal = (spec: object): unknown => {
      try {
        return create(
          store,
          target('Flunder', '', 'v1beta1'),
          flunder('f', spec, 'v1beta1'),
          options({ dryRun: true }),
        );
      } catch (error) {
        expect(isInvalid(error)).toBe(true);
        return error instanceof Error ? error.message.split(' is invalid: ')[1] : error;
      }
    };
    expect(refusal({ flunderReference: 'a', fischerReference: 'b', referenceType: 'Flunder' })).toBe(
      'spec.fischerReference: Invalid value: "b": cannot be set with flunderReference at the same time',
    );
    expect(refusal({ fischerReference: 'b' })).toBe(
      'spec.fischerReference: Invalid value: "b": cannot be set if referenceType is not Fischer',
    );
    expect(refusal({ referenceType: 'Fischer' })).toBe(
      'spec.fischerReference: Invalid value: "": cannot be empty if referenceType is Fischer',
    );
    expect(refusal({ referenceType: 'Else' })).toBe(
      'spec.referenceType: Invalid value: "Else": must be Flunder or Fischer',
    );
  });

  it('IMG-47: a fischer bans the names of flunders', () => {
    const store = new WardleStore('seed');
    const fischer = { kind: 'Fischer', metadata: { name: 'king' }, disallowedFlunders: ['bad'] };
    create(store, target('Fischer'), bytes(fischer), options());
    expect(() => create(store, target('Flunder'), flunder('bad'), options())).toThrow(
      expect.toSatisfy((error: unknown) => isForbidden(error)),
    );
    expect(create(store, target('Flunder'), flunder('good'), options()).metadata.name).toBe('good');
  });

  it('IMG-47: finalizers hold a deletion up', () => {
    const store = new WardleStore('seed');
    const held = bytes({ metadata: { name: 'f', finalizers: ['a.example.com/b'] } });
    create(store, target('Flunder'), held, options());
    expect(remove(store, target('Flunder', 'f'), new Uint8Array(), options()).metadata.deletionTimestamp).toBeDefined();
    patch(
      store,
      target('Flunder', 'f'),
      'application/json-patch+json',
      Buffer.from('[{"op":"remove","path":"/metadata/finalizers"}]'),
      options(),
    );
    expect(() => existing(store, target('Flunder', 'f'))).toThrow();
  });

  it('IMG-47: lists are selected and shown as tables', () => {
    const store = new WardleStore('seed');
    for (const name of ['b', 'a']) create(store, target('Flunder'), flunder(name), options());
    const { kind } = target('Flunder');
    const found = store.list(kind, 'ns').filter(selection(new URLSearchParams({ fieldSelector: 'metadata.name=a' })));
    expect(shownList({ kind, version: 'v1beta1', asTable: true }, found, store.revision)).toMatchObject({
      kind: 'Table',
      rows: [{ cells: ['a', '2026-01-01T00:00:00Z'] }],
    });
    expect(() => selection(new URLSearchParams({ fieldSelector: 'spec.x=a' }))).toThrow(
      'field label not supported: spec.x',
    );
  });

  it('IMG-47: what is too old to go on from is told, and a full store takes nothing more', () => {
    const store = new WardleStore('seed');
    for (let i = 0; i <= MAX_OBJECTS - 1; i++)
      store.put(target('Flunder').kind, { metadata: { name: String(i), namespace: 'ns' } });
    expect(store.since(store.revision - MAX_HISTORY)).toHaveLength(MAX_HISTORY);
    expect(() => store.since(1)).toThrow(expect.toSatisfy((error: unknown) => isGone(error)));
    expect(() => create(store, target('Flunder'), flunder('more'), options())).toThrow('database space exceeded');
  });

  it('IMG-47: a watcher that does not read is cut off', () => {
    const response = {
      destroyed: false,
      writableLength: 0,
      write: (text: string) => {
        response.writableLength += text.length;
        return true;
      },
      destroy: () => {
        response.destroyed = true;
      },
    };
    const object = { text: 'x'.repeat(1000) };
    let frames = 0;
    for (; !response.destroyed; frames++) writeFrame(response as unknown as ServerResponse, { type: 'ADDED', object });
    expect(frames).toBeGreaterThan(MAX_UNREAD / 1100);
    const before = response.writableLength;
    writeFrame(response as unknown as ServerResponse, { type: 'ADDED', object });
    expect(response.writableLength).toBe(before);
  });

  it('IMG-47: a body has its limit', async () => {
    const half = new Uint8Array(LONGEST_BODY / 2);
    expect(await bodyOf({ request: Readable.from([half, half]) })).toHaveLength(LONGEST_BODY);
    await expect(bodyOf({ request: Readable.from([half, half, new Uint8Array(1)]) })).rejects.toThrow(
      `Request entity too large: limit is ${LONGEST_BODY}`,
    );
  });

  it('IMG-47: requests are read as upstream reads them', () => {
    const read = (method: string, url: string): object => extensionRequest(method, url);
    const base = '/apis/wardle.example.com/v1alpha1';
    expect(read('GET', `${base}/namespaces/ns/flunders?watch=1`)).toMatchObject({
      verb: 'watch',
      namespace: 'ns',
      resource: 'flunders',
    });
    expect(read('DELETE', `${base}/namespaces/ns/flunders`)).toMatchObject({ verb: 'deletecollection' });
    expect(read('PATCH', `${base}/fischers/f/status`)).toMatchObject({
      verb: 'patch',
      name: 'f',
      subresource: 'status',
    });
    expect(read('GET', base)).toMatchObject({ isResource: false, verb: 'get' });
    expect(resourceList('v1beta1')).toMatchObject({ resources: [{ name: 'flunders' }] });
    expect(JSON.stringify(openApiV3('v1alpha1'))).toContain('"fieldValidation"');
  });
});
