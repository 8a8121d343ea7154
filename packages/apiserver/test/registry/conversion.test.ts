import { jsonEqual, type KubeObject } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { hpaConversion } from '../../src/registry/hpa-conversion.ts';

const v1 = {
  kind: 'HorizontalPodAutoscaler',
  apiVersion: 'autoscaling/v1',
  metadata: { name: 'h' },
  spec: { maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'd' }, targetCPUUtilizationPercentage: 80 },
  status: { currentReplicas: 1, desiredReplicas: 1 },
} as KubeObject;

describe('SRV-21: versions of a group', () => {
  it('carries the one metric that autoscaling/v1 knows', () => {
    expect(hpaConversion.toHub(v1)).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: {
        maxReplicas: 5,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    });
    expect(hpaConversion.fromHub(hpaConversion.toHub(v1))).toEqual(v1);
  });

  it('loses nothing that autoscaling/v1 cannot say', () => {
    const memory = {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
    };
    const hub = hpaConversion.toHub(v1) as KubeObject & { spec: { metrics: object[] } };
    const rich = { ...hub, spec: { ...hub.spec, metrics: [...hub.spec.metrics, memory], behavior: { scaleDown: {} } } };
    expect(hpaConversion.toHub(hpaConversion.fromHub(rich))).toEqual(rich);
  });
});

describe('SRV-22: what changes nothing', () => {
  it.each([
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: {} }, { a: [] }, false],
    [{ a: null }, {}, false],
  ])('%j and %j: %s', (a, b, equal) => {
    expect(jsonEqual(a, b)).toBe(equal);
    expect(jsonEqual(b, a)).toBe(equal);
  });
});
