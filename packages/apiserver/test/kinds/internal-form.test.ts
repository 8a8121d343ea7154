/**
 * What upstream's internal structs look like in messages: names, order and zero values of Go, and their differences.
 */
import { describe, expect, it } from 'vitest';
import { internalForm } from '../../src/kinds/internal/internal-form.ts';
import { jsonDiff, structDiff, unifiedDiff } from '../../src/kinds/internal/struct-diff.ts';

describe('KIND-60: internal structs', () => {
  const struct = (type: string, value: unknown): string => JSON.stringify(internalForm(type, value));

  it('have Go names in the order of the internal type, and every field', () => {
    expect(struct('Toleration', { key: 'a', tolerationSeconds: 5 })).toBe(
      '{"Key":"a","Operator":"","Value":"","Effect":"","TolerationSeconds":5}',
    );
    expect(struct('ISCSIVolumeSource', { targetPortal: 'p', iqn: 'q', lun: 0, chapAuthSession: true })).toBe(
      '{"TargetPortal":"p","IQN":"q","Lun":0,"ISCSIInterface":"","FSType":"","ReadOnly":false,"Portals":null,"DiscoveryCHAPAuth":false,"SessionCHAPAuth":true,"SecretRef":null,"InitiatorName":null}',
    );
    expect(struct('RBDVolumeSource', { monitors: ['m'], image: 'i', pool: 'p' })).toBe(
      '{"CephMonitors":["m"],"RBDImage":"i","FSType":"","RBDPool":"p","RadosUser":"","Keyring":"","SecretRef":null,"ReadOnly":false}',
    );
  });

  it('keep what is shared with the host in the security context', () => {
    const form = internalForm('PodSpec', { hostPID: true, hostUsers: false, serviceAccount: 'gone', containers: [] });
    const { SecurityContext: context, ...spec } = form as Record<string, object>;
    expect(Object.keys(spec).slice(0, 5)).toEqual([
      'Volumes',
      'InitContainers',
      'Containers',
      'EphemeralContainers',
      'RestartPolicy',
    ]);
    expect(Object.keys(spec)).not.toContain('ServiceAccount');
    expect(Object.entries(context ?? {}).slice(0, 5)).toEqual([
      ['HostNetwork', false],
      ['HostPID', true],
      ['HostIPC', false],
      ['ShareProcessNamespace', null],
      ['HostUsers', false],
    ]);
  });

  it('keep shared types as they are, metadata among their own fields', () => {
    const claim = { metadata: { labels: { a: 'b' } }, spec: { resources: { requests: { storage: '1Gi' } } } };
    expect(struct('PersistentVolumeClaimTemplate', claim)).toBe(
      '{"labels":{"a":"b"},"Spec":{"AccessModes":null,"Selector":null,"Resources":{"Limits":null,"Requests":{"storage":"1Gi"}},"VolumeName":"","StorageClassName":null,"VolumeMode":null,"DataSource":null,"DataSourceRef":null,"VolumeAttributesClassName":null}}',
    );
    expect(struct('ServiceAccountTokenProjection', { path: 'p' })).toBe(
      '{"Audience":"","ExpirationSeconds":0,"Path":"p"}',
    );
  });
});

describe('KIND-61: differences', () => {
  const lines = (text: string): string[] => [...text].map((line) => `${line}\n`);

  it('show changed lines with three around them', () => {
    expect(structDiff('Toleration', { key: 'a' }, { key: '<b>' })).toBe(
      '@@ -1,5 +1,5 @@\n {\n- "Key": "a",\n+ "Key": "\\u003cb\\u003e",\n  "Operator": "",\n  "Value": "",\n  "Effect": "",\n',
    );
  });

  it('stand alone when they are far apart', () => {
    expect(unifiedDiff(lines('abcdefghijk'), lines('Abcdefghijk!')).replaceAll('\n', ' ')).toBe(
      '@@ -1,4 +1,4 @@ -a +A  b  c  d @@ -9,3 +9,4 @@  i  j  k +! ',
    );
    expect(unifiedDiff(lines('abcdefgh'), lines('AbcdefgH')).replaceAll('\n', ' ')).toBe(
      '@@ -1,8 +1,8 @@ -a +A  b  c  d  e  f  g -h +H ',
    );
  });

  it('count from the line before where nothing stood', () => {
    expect(jsonDiff([], [1])).toBe('@@ -1 +1,3 @@\n-[]\n+[\n+ 1\n+]\n');
    expect(unifiedDiff([], lines('a'))).toBe('@@ -0,0 +1 @@\n+a\n');
    expect(jsonDiff({ a: 1 }, { a: 1 })).toBe('');
  });

  it('start no run with lines that a long text is full of', () => {
    const filler = Array.from({ length: 250 }, (_, i) => (i % 2 === 0 ? 'same\n' : `${i}\n`));
    const [before, after] = [
      ['x\n', 'same\n', ...filler],
      ['y\n', 'same\n', ...filler],
    ];
    expect(unifiedDiff(before, after)).toBe('@@ -1,4 +1,4 @@\n-x\n+y\n same\n same\n 1\n');
    expect(
      unifiedDiff(['x\n', 'same\n', 'z\n'], [...filler, 'same\n'])
        .split('\n')
        .slice(0, 4),
    ).toEqual(['@@ -1,3 +1,251 @@', '-x', '-same', '-z']);
  });
});
