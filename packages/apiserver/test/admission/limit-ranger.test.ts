import type { LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '@regatta/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LimitRanger } from '../../src/admission/plugins/limit-ranger.ts';
import { LIMIT_RANGES } from '../../src/auth/resource-refs.ts';
import { cleanUp, openServer, put, type TestServer } from '../auth/fixture.ts';
import { run } from './fixture.ts';

let server: TestServer;
let plugin: LimitRanger;
beforeEach(async () => {
  server = await openServer();
  plugin = new LimitRanger(server);
});
afterEach(cleanUp);

const limit = (...limits: LimitRangeItem[]): Promise<unknown> => {
  const range: LimitRange = { metadata: { name: 'l', namespace: 'a' }, spec: { limits } };
  return put(server, LIMIT_RANGES, range);
};

function pod(...resources: object[]): Pod {
  const containers = resources.map((each, i) => ({ name: `c${i}`, image: 'i', resources: each }));
  return { metadata: { name: 'p', namespace: 'a' }, spec: { containers } };
}

const create = async (object: Pod): Promise<Pod> => {
  await run(plugin, { what: 'CREATE pods', namespace: 'a', name: 'p', object });
  return object;
};

describe('LimitRanger', () => {
  it('ADM-13: fills in what a container leaves open, and says so', async () => {
    await limit({ type: 'Container', default: { cpu: '300m', memory: '64Mi' }, defaultRequest: { cpu: '100m' } });
    const { metadata, spec } = await create(pod({ limits: { cpu: '200m' } }, {}));
    expect(spec.containers.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '100m' }, limits: { cpu: '200m', memory: '64Mi' } },
      { requests: { cpu: '100m' }, limits: { cpu: '300m', memory: '64Mi' } },
    ]);
    expect(metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu request for container c0; memory limit for container c0; ' +
        'cpu request for container c1; cpu, memory limit for container c1',
    });
  });

  it('ADM-13: a Pod that says everything stays as it is', async () => {
    await limit({ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '1' } });
    const { metadata } = await create(pod({ requests: { cpu: '1' }, limits: { cpu: '1' } }));
    expect(metadata.annotations).toBeUndefined();
  });

  it.each([
    [
      [
        { type: 'Container', max: { cpu: '500m' } },
        { type: 'Pod', max: { cpu: '600m' } },
      ],
      [{ limits: { cpu: '2' } }],
      '[maximum cpu usage per Container is 500m, but limit is 2, maximum cpu usage per Pod is 600m, but limit is 2]',
    ],
    [
      [{ type: 'Container', min: { memory: '16Mi' } }],
      [{ requests: { memory: '8Mi' } }],
      'minimum memory usage per Container is 16Mi, but request is 8Mi',
    ],
    [
      [{ type: 'Container', min: { cpu: '1' } }],
      [{}, {}],
      'minimum cpu usage per Container is 1.  No request is specified',
    ],
    [
      [{ type: 'Pod', max: { cpu: '1' } }],
      [{ limits: { cpu: '600m' } }, { limits: { cpu: '600m' } }],
      'maximum cpu usage per Pod is 1, but limit is 1200m',
    ],
    [
      [{ type: 'Container', maxLimitRequestRatio: { cpu: '2' } }],
      [{ requests: { cpu: '100m' }, limits: { cpu: '300m' } }],
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
  ])('ADM-14: %j against %j', async (limits, resources, why) => {
    await limit(...limits);
    await expect(create(pod(...resources))).rejects.toThrow(`pods "p" is forbidden: ${why}`);
  });

  it('ADM-14: claims have a size within the bounds', async () => {
    await limit({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
    const claim = (storage: string): Promise<void> => {
      const object = { metadata: { name: 'c', namespace: 'a' }, spec: { resources: { requests: { storage } } } };
      return run(plugin, {
        what: 'CREATE persistentvolumeclaims',
        namespace: 'a',
        name: 'c',
        object: object as PersistentVolumeClaim,
      });
    };
    await claim('2Gi');
    const refused = 'persistentvolumeclaims "c" is forbidden: ';
    await expect(claim('3Gi')).rejects.toThrow(
      `${refused}maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi`,
    );
    await expect(claim('1Mi')).rejects.toThrow(
      `${refused}minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi`,
    );
  });

  it('ADM-14: other namespaces and updates of Pods are left alone', async () => {
    await limit({ type: 'Container', min: { cpu: '1' } });
    const object = pod({});
    await run(plugin, { what: 'CREATE pods', namespace: 'b', name: 'p', object });
    await run(plugin, { what: 'UPDATE pods', namespace: 'a', name: 'p', object });
    expect(object.spec.containers[0]?.resources).toEqual({});
  });
});
