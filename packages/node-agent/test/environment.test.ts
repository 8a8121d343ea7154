import { type Pod, type Service, statusErrors } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { makeEnvironment } from '../src/containers/environment.ts';
import { hostsFile, resolvFile } from '../src/containers/network-files.ts';
import { parseImageReference } from '../src/images/image-reference.ts';

const CONTEXT = { podIp: '10.244.1.5', hostIp: '192.168.49.2', allocatable: { cpu: '4', memory: '16Gi' } };
const NODE = { nodeName: 'node-1', nodeIp: '192.168.49.2', clusterDomain: 'cluster.local', clusterDns: '10.96.0.10' };

function pod(spec: Partial<Pod['spec']>): Pod {
  return {
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'x' } },
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}

const SERVICES: Service[] = [
  {
    metadata: { name: 'my-db', namespace: 'shop' },
    spec: { clusterIP: '10.96.0.5', ports: [{ port: 5432, protocol: 'TCP' }] },
  },
  { metadata: { name: 'headless', namespace: 'shop' }, spec: { clusterIP: 'None', ports: [{ port: 1 }] } },
  { metadata: { name: 'other', namespace: 'else' }, spec: { clusterIP: '10.96.0.6', ports: [{ port: 2 }] } },
];

async function environment(spec: Partial<Pod['spec']>): Promise<Record<string, string>> {
  const object = pod(spec);
  const [container] = object.spec.containers;
  if (!container) throw new Error('no container');
  const missing = async (): Promise<never> => {
    throw statusErrors.notFound({ group: '', resource: 'secrets' }, 'x');
  };
  const variables = await makeEnvironment(object, container, CONTEXT, {
    configMaps: {
      get: async (name) => (name === 'settings' ? { metadata: { name }, data: { a: '1', b: '2' } } : missing()),
    },
    secrets: { get: missing },
    services: async () => SERVICES,
  });
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}

describe('the environment of a container', () => {
  it('NA-80: literal values expand what came before, $$ is a dollar sign', async () => {
    const env = [
      { name: 'A', value: 'x' },
      { name: 'B', value: '$(A)-$$(A)-$(NOPE)-$(MY_DB_SERVICE_HOST)' },
    ];
    expect(await environment({ containers: [{ name: 'c', env }] })).toMatchObject({ B: 'x-$(A)-$(NOPE)-10.96.0.5' });
  });

  it('NA-81: fields, resources, keys of ConfigMaps', async () => {
    const env = [
      { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
      { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'settings', key: 'b' } } },
    ];
    const container = {
      name: 'c',
      env,
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }],
      resources: { requests: { memory: '64Mi' } },
    };
    expect(await environment({ containers: [container] })).toMatchObject({
      NAME: 'web',
      APP: 'x',
      IP: '10.244.1.5',
      CPU: '4000',
      MEMORY: '64',
      KEY: '2',
      P_a: '1',
    });
  });

  it('NA-82: services of the namespace are there unless links are disabled', async () => {
    const linked = await environment({});
    expect(linked).toMatchObject({ MY_DB_SERVICE_HOST: '10.96.0.5', MY_DB_PORT_5432_TCP: 'tcp://10.96.0.5:5432' });
    expect(Object.keys(linked).some((name) => /HEADLESS|OTHER/.test(name))).toBe(false);
    expect(await environment({ enableServiceLinks: false })).toEqual({});
  });

  it('NA-83: what is missing is named', async () => {
    const from = (ref: object) => environment({ containers: [{ name: 'c', env: [{ name: 'A', valueFrom: ref }] }] });
    await expect(from({ secretKeyRef: { name: 'nope', key: 'k' } })).rejects.toMatchObject({
      reason: 'CreateContainerConfigError',
      message: 'secret "nope" not found',
    });
    await expect(from({ configMapKeyRef: { name: 'settings', key: 'z' } })).rejects.toThrow(
      "couldn't find key z in ConfigMap shop/settings",
    );
    expect(await from({ secretKeyRef: { name: 'nope', key: 'k', optional: true } })).not.toHaveProperty('A');
  });
});

describe('network files', () => {
  it('NA-84: /etc/hosts with aliases, as upstream writes it', () => {
    const hostAliases = [{ ip: '10.1.2.3', hostnames: ['foo.remote', 'bar.remote'] }];
    expect(hostsFile(pod({ hostAliases, subdomain: 'sub', hostname: 'h' }), '10.244.1.5', NODE)).toBe(
      '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' +
        'fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n' +
        '10.244.1.5\th.sub.shop.svc.cluster.local\th\n\n# Entries added by HostAliases.\n10.1.2.3\tfoo.remote\tbar.remote\n',
    );
  });

  it('NA-85: /etc/resolv.conf by DNS policy', () => {
    expect(resolvFile(pod({ dnsPolicy: 'ClusterFirst' }), NODE)).toBe(
      'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    );
    const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '2' }] };
    expect(resolvFile(pod({ dnsPolicy: 'None', dnsConfig }), NODE)).toBe(
      'search a.b\nnameserver 1.1.1.1\noptions ndots:2\n',
    );
  });
});

describe('image names', () => {
  it.each([
    ['nginx', 'docker.io', 'library/nginx', 'latest'],
    ['nginx:1.7.9', 'docker.io', 'library/nginx', '1.7.9'],
    ['user/app', 'docker.io', 'user/app', 'latest'],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io', 'pause', '3.10'],
    ['localhost:5000/a/b:c', 'localhost:5000', 'a/b', 'c'],
  ])('NA-86: %s', (text, registry, repository, tag) => {
    expect(parseImageReference(text)).toEqual({ registry, repository, tag });
  });

  it('NA-87: names that are none', () => {
    expect(['Nginx', 'a b', 'nginx:', 'x@sha256:zz', '/a'].map(parseImageReference)).toEqual(Array(5).fill(undefined));
  });
});

describe('variables from files', () => {
  const TEXT = "# made by init\nA='one'\n\n  B='two\nlines' # both\nC=\nD= 'x'\nE='last'";
  const read = (text: string | undefined, key: string, optional = false) => {
    const env = [{ name: 'V', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'env', key, optional } } }];
    const object = pod({ containers: [{ name: 'c', env }] });
    const nothing = { get: async (): Promise<never> => Promise.reject(new Error('not asked for')) };
    const sources = { configMaps: nothing, secrets: nothing, services: async () => [] };
    return makeEnvironment(object, { name: 'c', env }, CONTEXT, sources, (volume, path) =>
      volume === 'v' ? { place: `/volumes/${path}`, text } : undefined,
    ).then((variables) => variables.map(({ value }) => value)[0]);
  };

  it('VOL-20: are quoted values, over several lines too', async () => {
    expect(await read(TEXT, 'A')).toBe('one');
    expect(await read(TEXT, 'B')).toBe('two\nlines');
    expect(await read(TEXT, 'E')).toBe('last');
    expect(await read(TEXT, 'Z', true)).toBeUndefined();
  });

  it('VOL-20: a file that is missing or malformed, and a name that it does not set, keep the container from starting', async () => {
    await expect(read(TEXT, 'C')).rejects.toThrow('environment variable key "C" not found in file "/volumes/env"');
    await expect(read(TEXT, 'Z')).rejects.toMatchObject({ reason: 'CreateContainerConfigError' });
    for (const text of ['A=bare', "A = 'x'", "A='open", 'nothing', undefined])
      await expect(read(text, 'A')).rejects.toThrow("couldn't parse env file");
  });
});

describe('what is missing', () => {
  it('VOL-21: is an error where it is not optional, also when it was optional elsewhere', async () => {
    const optional = { name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'k', optional: true } } };
    const needed = { name: 'B', valueFrom: { configMapKeyRef: { name: 'none', key: 'k' } } };
    expect(await environment({ containers: [{ name: 'c', env: [optional] }] })).not.toHaveProperty('A');
    await expect(environment({ containers: [{ name: 'c', env: [optional, needed] }] })).rejects.toThrow(
      'configmap "none" not found',
    );
  });
});
