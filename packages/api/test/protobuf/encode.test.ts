import { describe, expect, it } from 'vitest';
import { loadProtobuf, ProtobufError, Schema } from '../../src/mod.ts';

const codec = await loadProtobuf(Schema.load());

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'p',
    labels: { a: '1', __proto__x: '2' },
    creationTimestamp: '2026-01-01T00:00:00Z',
    managedFields: [{ manager: 'm', operation: 'Update', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { '.': {} } } }],
  },
  spec: {
    volumes: [
      { name: 'v', emptyDir: {} },
      { name: 'c', configMap: { name: 'm', items: [{ key: 'k', path: 'p', mode: 420 }], defaultMode: 0 } },
    ],
    containers: [
      {
        name: 'c',
        image: 'ñ',
        command: ['a', '', 'b'],
        resources: { limits: { cpu: '500m' }, requests: { memory: '0' } },
        livenessProbe: { httpGet: { path: '/x', port: 8080 }, periodSeconds: 7 },
        readinessProbe: { tcpSocket: { port: 'http' }, initialDelaySeconds: -1 },
      },
    ],
    activeDeadlineSeconds: 2 ** 40,
    hostNetwork: false,
  },
  status: { phase: 'Running' },
};

describe('writing Kubernetes protobuf', () => {
  it('PB-6: what is written is read as the same object', () => {
    expect(codec.decode(codec.encode(POD))).toEqual(POD);
  });

  it('PB-6: lists, statuses and partial objects have messages too', () => {
    const values = [
      { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a' } }] },
      { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404 },
      { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } },
    ];
    for (const value of values) expect(codec.decode(codec.encode(value))).toEqual(value);
  });

  it('PB-6: unions of CRD schemas keep their side', () => {
    const schema = {
      type: 'object',
      additionalProperties: { type: 'string' },
      properties: { a: { items: { type: 'integer' }, default: [1, 'x'], enum: [null, 2.5] }, b: { maximum: 2.5 } },
    };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'x' },
      spec: { group: 'g', versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] },
    };
    expect(codec.decode(codec.encode(crd))).toEqual(crd);
  });

  it('PB-7: bytes are those of the Go types: what they leave empty and we leave out aside', () => {
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: '1' } };
    const bytes = codec.encode(configMap);
    expect(bytes.toString('hex')).toBe(
      '6b387300' +
        '0a0f' +
        '0a027631' +
        '1209436f6e6669674d6170' +
        '120d' +
        '0a030a0161' +
        '1206' +
        '0a0161' +
        '120131' +
        '1a00' +
        '2200',
    );
  });

  it('PB-8: a watch event is framed by its length', () => {
    const frame = codec.frame('ADDED', POD);
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\u0005ADDED');
    const object = frame.subarray(frame.indexOf(Buffer.from('6b387300', 'hex')));
    expect(codec.decode(object)).toEqual(POD);
  });

  it('PB-9: a kind without a message is refused', () => {
    const table = { kind: 'Table', apiVersion: 'meta.k8s.io/v1' };
    expect(codec.knows(table)).toBe(false);
    expect(() => codec.encode(table)).toThrow(ProtobufError);
  });

  it('PB-6: lengths that need more than one byte are put in place', () => {
    const long = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'x'.repeat(70_000) } };
    expect(codec.decode(codec.encode(long))).toEqual(long);
  });

  it('PB-16: a list is the same bytes made at once or of its items, and of texts short and long, in ASCII and beyond', () => {
    const texts = ['', 'short', 'schön', '\u{1f6a3}', 'x'.repeat(63), 'x'.repeat(64), 'ü'.repeat(200)];
    const items = texts.map((text, i) => ({ metadata: { name: `a${i}` }, data: { text } }));
    const head = { apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '7', continue: 'abc' } };
    const whole = { ...head, items };
    const parts = items.map((item) => {
      const configMap = { apiVersion: 'v1', kind: 'ConfigMap', ...item };
      return codec.message(configMap);
    });
    const list = codec.list(head, parts);
    expect(list.equals(codec.encode(whole))).toBe(true);
    expect(codec.decode(list)).toEqual(whole);
  });
});
