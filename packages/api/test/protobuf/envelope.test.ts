import { describe, expect, it } from 'vitest';
import { loadProtobuf, ProtobufError, Schema } from '../../src/mod.ts';

const decoder = await loadProtobuf(Schema.load());

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) + 128);
  }
};
const chunk = (field: number, ...content: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
};
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)]);
const body = (apiVersion: string, kind: string, raw: Buffer): Buffer =>
  Buffer.concat([Buffer.from('6b387300', 'hex'), chunk(1, chunk(1, apiVersion), chunk(2, kind)), chunk(2, raw)]);

describe('Kubernetes protobuf', () => {
  it('PB-1: reads what kubectl sends for a ConfigMap', () => {
    const sent = Buffer.from(
      '6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a01611200' +
        '1a0022002a0032003800420012060a0161120131' +
        '1a002200',
      'hex',
    );
    expect(decoder.decode(sent)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        generateName: '',
        namespace: '',
        selfLink: '',
        uid: '',
        resourceVersion: '',
        generation: 0,
        creationTimestamp: null,
      },
      data: { a: '1' },
    });
  });

  it('PB-2: embedded messages are inline, quantities, times and int-or-string are scalars', () => {
    const probe = chunk(10, chunk(1, chunk(2, chunk(1, '/x'), chunk(2, number(1, 0), number(2, 8080)))), number(2, 7));
    const limits = chunk(8, chunk(1, chunk(1, 'cpu'), chunk(2, chunk(1, '500m'))));
    const volume = chunk(1, chunk(1, 'v'), chunk(2, chunk(2)));
    const pod = Buffer.concat([
      chunk(1, chunk(1, 'p'), chunk(8, number(1, 1_767_225_600))),
      chunk(2, volume, chunk(2, chunk(1, 'c'), limits, probe), number(4, 0)),
    ]);
    expect(decoder.decode(body('v1', 'Pod', pod))).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          {
            name: 'c',
            resources: { limits: { cpu: '500m' } },
            livenessProbe: { httpGet: { path: '/x', port: 8080 }, initialDelaySeconds: 7 },
          },
        ],
        terminationGracePeriodSeconds: 0,
      },
    });
  });

  it('PB-3: numbers keep their sign, maps their strange keys', () => {
    const minusOne = Buffer.concat([varint(4 * 8), Buffer.from('ffffffffffffffffff01', 'hex')]);
    const decoded = decoder.decode(body('v1', 'DeleteOptions', Buffer.concat([number(1, 0), chunk(4, 'Foreground')])));
    expect(decoded).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
    });
    const pod = decoder.decode(
      body('v1', 'Pod', chunk(2, minusOne, chunk(7, chunk(1, '__proto__'), chunk(2, 'x')))),
    ) as { spec: { nodeSelector: object; terminationGracePeriodSeconds: number } };
    expect(pod.spec.terminationGracePeriodSeconds).toBe(-1);
    expect(Object.entries(pod.spec.nodeSelector)).toEqual([['__proto__', 'x']]);
  });

  it('PB-4: unknown fields are passed over', () => {
    const map = Buffer.concat([number(99, 5), chunk(98, 'x'), chunk(1, chunk(1, 'a'))]);
    expect(decoder.decode(body('v1', 'ConfigMap', map))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
    });
  });

  it('PB-5: whatever is malformed is a ProtobufError', () => {
    const good = body('v1', 'Pod', chunk(2, chunk(2, chunk(1, 'c'))));
    const broken = [
      Buffer.alloc(0),
      Buffer.from('{}'),
      body('v9', 'Pod', Buffer.alloc(0)),
      body('v1', 'Nothing', Buffer.alloc(0)),
      body('v1', 'Pod', Buffer.from('ffffffffffffffffffffff', 'hex')),
    ];
    for (let cut = 1; cut < good.length; cut++) broken.push(good.subarray(0, cut));
    for (const bytes of broken) {
      try {
        decoder.decode(bytes);
      } catch (error) {
        expect(error, bytes.toString('hex')).toBeInstanceOf(ProtobufError);
      }
    }
  });
});
