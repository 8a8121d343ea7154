import { describe, expect, it } from 'vitest';
import { HOUR_MS, modes, TestVolumes, text, USER } from '../support/test-volumes.ts';

const AT = [{ name: 'v', mountPath: '/v' }];
const SYNC_MS = 60_000;

describe('files from API objects', () => {
  it('VOL-10: appear with their modes, as links into one directory that is named for its instant', async () => {
    const world = new TestVolumes();
    world.configMap('settings', { a: '1', b: '2' }, { binaryData: { raw: Buffer.from([0, 255]).toString('base64') } });
    const pod = await world.pod([{ name: 'v', configMap: { name: 'settings' } }]);
    const files = await pod.container(AT);
    const [stamped] = files.list('/v');
    expect(stamped).toMatch(/^\.\.2026_11_21_09_08_07\.\d+$/);
    expect(files.list('/v')).toEqual([stamped, '..data', 'a', 'b', 'raw']);
    expect(files.readLink('/v/..data')).toBe(stamped);
    expect(files.readLink('/v/a')).toBe('..data/a');
    expect(modes(files, '/v')).toMatchObject({ a: '644 0:0', raw: '644 0:0' });
    expect(files.status('/v').mode).toBe(0o777);
    expect([...files.readFile('/v/raw')]).toEqual([0, 255]);
    expect(() => files.writeFile('/v/a', new Uint8Array(1))).toThrow('EROFS');
  });

  it('VOL-10: items choose keys, give them paths and modes; defaultMode is for the others', async () => {
    const world = new TestVolumes();
    world.secret('pass', { user: 'admin', password: 's3cret' });
    const items = [
      { key: 'user', path: 'deep/er/name' },
      { key: 'password', path: 'word', mode: 0o400 },
    ];
    const pod = await world.pod([{ name: 'v', secret: { secretName: 'pass', defaultMode: 0o440, items } }]);
    const files = await pod.container(AT);
    expect(text(files, '/v/deep/er/name')).toBe('admin');
    expect(modes(files, '/v')).toMatchObject({ word: '400 0:0' });
    expect(files.status('/v/deep/er/name').mode).toBe(0o440);
    expect(() => files.as(USER).readFile('/v/word')).toThrow('EACCES');
    expect(files.formatMounts()).toContain('tmpfs /v tmpfs ro,relatime 0 0\n');
  });

  it('VOL-11: a Pod waits for what it refers to, in the kubelet words', async () => {
    const world = new TestVolumes();
    world.configMap('settings', { a: '1' });
    world.secret('pass', { user: 'admin' });
    const failing = [
      [{ configMap: { name: 'none' } }, 'configmap "none" not found'],
      [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
      [
        { configMap: { name: 'settings', items: [{ key: 'z', path: 'z' }] } },
        'configmap references non-existent config key: z',
      ],
      [{ secret: { secretName: 'pass', items: [{ key: 'z', path: 'z' }] } }, 'references non-existent secret key: z'],
      [{ projected: { sources: [{ configMap: { name: 'none' } }] } }, 'configmap "none" not found'],
    ] as const;
    for (const [source, why] of failing) {
      const volume = JSON.parse(JSON.stringify({ name: 'v', ...source }));
      await expect(world.pod([volume])).rejects.toThrow(`MountVolume.SetUp failed for volume "v" : ${why}`);
    }
  });

  it('VOL-11: what is optional may come later', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([{ name: 'v', configMap: { name: 'later', optional: true } }]);
    const files = await pod.container(AT);
    expect(files.exists('/v/a')).toBe(false);
    world.configMap('later', { a: 'here' });
    await world.pass(SYNC_MS);
    expect(text(files, '/v/a')).toBe('here');
    world.configMaps.delete('later');
    await world.pass(SYNC_MS);
    expect(files.exists('/v/a')).toBe(false);
    expect(world.events).toEqual([]);
    pod.volumes.close();
    expect(world.real.pendingTimers).toBe(0);
  });

  it('VOL-12: an edit appears all at once within a minute; the old directory goes', async () => {
    const world = new TestVolumes();
    world.configMap('settings', { a: '1', b: '1' });
    const pod = await world.pod([{ name: 'v', configMap: { name: 'settings' } }]);
    const files = await pod.container(AT);
    const before = files.readLink('/v/..data');
    world.configMap('settings', { a: '2', c: '2' });
    await world.pass(SYNC_MS);
    expect(files.readLink('/v/..data')).not.toBe(before);
    expect(files.list('/v')).toEqual([files.readLink('/v/..data'), '..data', 'a', 'c']);
    expect(text(files, '/v/a')).toBe('2');
    const now = files.readLink('/v/..data');
    await world.pass(SYNC_MS);
    expect(files.readLink('/v/..data')).toBe(now);
  });

  it('VOL-12: what is open stays as it was', async () => {
    const world = new TestVolumes();
    world.configMap('settings', { a: 'old' });
    const files = await (await world.pod([{ name: 'v', configMap: { name: 'settings' } }])).container(AT);
    const open = files.open('/v/a', { read: true });
    world.configMap('settings', { a: 'new' });
    await world.pass(SYNC_MS);
    expect(Buffer.from(open.read(10) ?? []).toString()).toBe('old');
    expect(text(files, '/v/a')).toBe('new');
  });

  it('VOL-12: an object that goes away leaves the files and an event', async () => {
    const world = new TestVolumes();
    world.configMap('settings', { a: '1' });
    const pod = await world.pod([{ name: 'v', configMap: { name: 'settings' } }]);
    const files = await pod.container(AT);
    world.configMaps.delete('settings');
    await world.pass(SYNC_MS);
    expect(text(files, '/v/a')).toBe('1');
    expect(world.events).toEqual([
      'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "settings" not found',
    ]);
  });

  it('VOL-13: labels and annotations appear when they change', async () => {
    const world = new TestVolumes();
    const items = [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'limit', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } },
    ];
    const pod = await world.pod([{ name: 'v', downwardAPI: { items, defaultMode: 0o400 } }]);
    const files = await pod.container(AT);
    expect(text(files, '/v/labels')).toBe('app="x"');
    expect(text(files, '/v/limit')).toBe('4000');
    expect(modes(files, '/v')).toMatchObject({ labels: '400 0:0' });
    await pod.update({ labels: { app: 'y', tier: 'web' } });
    expect(text(files, '/v/labels')).toBe('app="y"\ntier="web"');
    const before = files.readLink('/v/..data');
    await pod.update({ resourceVersion: '9' });
    expect(files.readLink('/v/..data')).toBe(before);
  });

  it('VOL-14: what says that it never changes is not read again', async () => {
    const world = new TestVolumes();
    world.configMap('fixed', { a: '1' }, { immutable: true });
    const pod = await world.pod([{ name: 'v', configMap: { name: 'fixed' } }]);
    await pod.container(AT);
    await world.pass(5 * SYNC_MS);
    expect(world.reads).toBe(2);
    pod.volumes.close();
  });

  it('VOL-14: nobody is asked again for files that nobody looks at', async () => {
    const world = new TestVolumes();
    world.configMap('settings', { a: '1' });
    const pod = await world.pod([
      { name: 'v', configMap: { name: 'settings' } },
      { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    ]);
    await pod.volumes.mountsFor({ name: 'main', volumeMounts: AT }, new Map());
    await world.pass(10 * SYNC_MS);
    expect(world.reads).toBe(1);
    expect(world.tokenRequests).toEqual([]);
    expect(world.real.pendingTimers).toBe(0);
  });
});

describe('who owns them', () => {
  it('VOL-15: an fsGroup owns volumes and may read them; what can be written it may write', async () => {
    const world = new TestVolumes();
    world.secret('pass', { user: 'admin' });
    const pod = await world.pod(
      [
        { name: 'v', secret: { secretName: 'pass', defaultMode: 0o400 } },
        { name: 'e', emptyDir: {} },
      ],
      { securityContext: { fsGroup: 2000 } },
    );
    const files = await pod.container([...AT, { name: 'e', mountPath: '/e' }]);
    expect(modes(files, '/v')).toMatchObject({ user: '440 0:2000' });
    expect(files.status('/e')).toMatchObject({ mode: 0o2777, gid: 2000 });
    const member = files.as({ ...USER, groups: [2000] });
    expect(text(member, '/v/user')).toBe('admin');
    member.writeFile('/e/x', new Uint8Array(1));
    expect(files.status('/e/x')).toMatchObject({ uid: 1000, gid: 2000 });
  });

  it('VOL-15: tokens belong to the user that all containers run as', async () => {
    const world = new TestVolumes();
    const volume = { name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
    const mode = async (securityContext: object): Promise<string | undefined> =>
      modes(await (await world.pod([volume], { securityContext })).container(AT), '/v')['token'];
    expect(await mode({})).toBe('644 0:0');
    expect(await mode({ runAsUser: 1000 })).toBe('600 1000:0');
    expect(await mode({ fsGroup: 2000 })).toBe('640 0:2000');
  });
});

describe('service account tokens', () => {
  const sources = [
    { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 7200 } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
  ];

  it('VOL-16: are asked for when somebody looks, bound to the Pod, and replaced when a fifth of their life is left', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([{ name: 'v', projected: { sources } }]);
    expect(world.tokenRequests).toEqual([]);
    const files = await pod.container(AT);
    expect(world.tokenRequests).toEqual([
      {
        serviceAccount: 'builder',
        namespace: 'shop',
        audience: 'vault',
        expirationSeconds: 7200,
        pod: { name: 'web', uid: 'uid-1' },
      },
    ]);
    expect([text(files, '/v/token'), text(files, '/v/namespace')]).toEqual(['token-1', 'shop']);
    await world.pass(1.5 * HOUR_MS);
    expect(text(files, '/v/token')).toBe('token-1');
    await world.pass(0.2 * HOUR_MS);
    expect(text(files, '/v/token')).toBe('token-2');
  });
});

describe('a token that the API refuses', () => {
  it('VOL-16: is told by an event and asked for again', async () => {
    const world = new TestVolumes();
    world.refuseTokens = true;
    const pod = await world.pod([{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }]);
    const files = await pod.container(AT);
    expect(files.exists('/v/token')).toBe(false);
    expect(world.events).toEqual([
      'FailedMount: MountVolume.SetUp failed for volume "v" : failed to fetch token: serviceaccounts "builder" not found',
    ]);
    world.refuseTokens = false;
    await pod.volumes.prepare();
    expect(text(files, '/v/token')).toBe('token-1');
    pod.volumes.close();
  });
});

describe('emptyDir', () => {
  it('VOL-17: is shared by the containers of a Pod; one on memory is a tmpfs of its size', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([
      { name: 'v', emptyDir: {} },
      { name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '8Ki' } },
    ]);
    const mounts = [...AT, { name: 'm', mountPath: '/m' }];
    const [a, b] = [await pod.container(mounts), await pod.container(mounts)];
    a.writeFile('/v/x', Buffer.from('from a'));
    expect(text(b, '/v/x')).toBe('from a');
    expect(a.status('/v').mode).toBe(0o777);
    expect(a.formatMounts()).toContain('tmpfs /m tmpfs rw,relatime 0 0\n');
    expect(a.fileSystemStatus('/m').total).toBe(8192);
    expect(() => a.writeFile('/m/x', new Uint8Array(8192))).toThrow('ENOSPC');
    const before = world.space.used;
    pod.volumes.remove();
    expect(before).toBeGreaterThan(0);
    expect(world.space.used).toBe(0);
  });
});

describe('emptyDir on memory', () => {
  it('VOL-17: is memory of the containers that write to it, until the files go', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([{ name: 'm', emptyDir: { medium: 'Memory' } }]);
    const files = await pod.container([{ name: 'm', mountPath: '/m' }]);
    const account = () => ({
      used: 0,
      charge(bytes: number) {
        this.used += bytes;
      },
      release(bytes: number) {
        this.used -= bytes;
      },
    });
    const [a, b] = [account(), account()];
    const as = (memory: ReturnType<typeof account>) => files.as({ ...USER, memory });
    as(a).writeFile('/m/a', new Uint8Array(3000));
    as(b).writeFile('/m/b', new Uint8Array(1000));
    as(b).appendFile('/m/b', new Uint8Array(1000));
    expect([a.used, b.used]).toEqual([3000, 2000]);
    files.truncate('/m/a', 500);
    expect([a.used, b.used]).toEqual([500, 2000]);
    pod.volumes.remove();
    expect([a.used, b.used]).toEqual([0, 0]);
  });
});

describe('parts of volumes', () => {
  it('VOL-18: a subPath is mounted in the place of the volume, made when it is missing, and does not follow edits', async () => {
    const world = new TestVolumes();
    world.configMap('settings', { a: '1' });
    const pod = await world.pod([
      { name: 'v', configMap: { name: 'settings' } },
      { name: 'e', emptyDir: {} },
    ]);
    const files = await pod.container(
      [
        { name: 'v', mountPath: '/etc/a.conf', subPath: 'a' },
        { name: 'e', mountPath: '/data', subPathExpr: 'logs/$(POD_NAME)' },
        { name: 'e', mountPath: '/all' },
      ],
      { POD_NAME: 'web' },
    );
    expect(text(files, '/etc/a.conf')).toBe('1');
    files.writeFile('/data/x', Buffer.from('x'));
    expect(text(files, '/all/logs/web/x')).toBe('x');
    world.configMap('settings', { a: '2' });
    await world.pass(SYNC_MS);
    expect(text(files, '/etc/a.conf')).toBe('1');
  });

  it('VOL-18: what leads out of the volume is refused in the kubelet words', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([{ name: 'e', emptyDir: {} }]);
    const start = (mount: object, variables = {}) =>
      pod.container([{ name: 'e', mountPath: '/data', ...mount }], variables);
    await expect(start({ subPathExpr: '$(P)' }, { P: '/tmp' })).rejects.toThrow(
      'error SubPath `/tmp` must not be an absolute path',
    );
    await expect(start({ subPathExpr: '$(P)/..' }, { P: 'x' })).rejects.toThrow(
      "unable to provision SubPath `x/..`: must not contain '..'",
    );
    await expect(start({ subPathExpr: '$(A)/$(B)' }, { P: 'x' })).rejects.toThrow('missing value for A, B');
    const files = await pod.container([{ name: 'e', mountPath: '/data' }]);
    files.writeFile('/data/file', new Uint8Array(1));
    await expect(start({ subPath: 'file/x' })).rejects.toThrow(
      'failed to create subPath directory for volumeMount "e" of container "main"',
    );
    files.symlink('/etc/passwd', '/data/out');
    await expect(start({ subPath: 'out/x' })).rejects.toMatchObject({ reason: 'CreateContainerConfigError' });
    await expect(
      pod.volumes.mountsFor({ name: 'main', volumeMounts: [{ name: 'no', mountPath: '/x' }] }, new Map()),
    ).rejects.toThrow('cannot find volume "no" to mount into container "main"');
  });
});

describe('hostPath', () => {
  it('VOL-19: Pods of a machine share its disk, which is not the disk of the machine that runs it', async () => {
    const world = new TestVolumes();
    const volume = { name: 'v', hostPath: { path: '/var/data', type: 'DirectoryOrCreate' } };
    const [a, b] = [await world.pod([volume]), await world.pod([volume])];
    (await a.container(AT)).writeFile('/v/x', Buffer.from('kept'));
    a.volumes.remove();
    expect(text(await b.container(AT), '/v/x')).toBe('kept');
    const root = await world.pod([{ name: 'v', hostPath: { path: '/' } }]);
    const files = await root.container(AT);
    expect(text(files, '/v/etc/hostname')).toBe('node-1\n');
    expect(text(files, '/v/etc/os-release')).toContain('Regatta emulated Linux');
    for (const path of ['/v/../../proc/self', '/v/home/../../../etc/shadow', `/v${process.cwd()}/package.json`])
      expect(files.exists(path)).toBe(false);
    files.symlink(process.cwd(), '/v/tmp/out');
    expect(files.exists('/v/tmp/out/package.json')).toBe(false);
  });

  it('VOL-19: places that came with the machine can be mounted and written to, whole or in part', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([
      { name: 't', hostPath: { path: '/tmp' } },
      { name: 'h', hostPath: { path: '/etc/hosts', type: 'File' } },
      { name: 'r', hostPath: { path: '/' } },
    ]);
    const files = await pod.container([
      { name: 't', mountPath: '/t' },
      { name: 'h', mountPath: '/hosts' },
      { name: 'r', mountPath: '/log', subPath: 'var/log' },
      { name: 'r', mountPath: '/r' },
    ]);
    expect(files.status('/t').mode).toBe(0o1777);
    files.writeFile('/t/x', Buffer.from('x'));
    files.appendFile('/hosts', Buffer.from('10.0.0.1 added\n'));
    files.writeFile('/log/own', Buffer.from('l'));
    expect([text(files, '/r/tmp/x'), text(files, '/r/var/log/own')]).toEqual(['x', 'l']);
    expect(text(files, '/r/etc/hosts')).toContain('added');
    const other = new TestVolumes().host.disk().files;
    expect(other.exists('/tmp/x')).toBe(false);
    expect(text(world.host.disk().files, '/etc/hosts')).toContain('added');
  });

  it('VOL-19: types are checked in upstream words', async () => {
    const world = new TestVolumes();
    const mount = async (path: string, type: string): Promise<string> => {
      try {
        await world.pod([{ name: 'v', hostPath: { path, type } }]);
        return 'mounted';
      } catch (error) {
        return error instanceof Error ? error.message.replace('MountVolume.SetUp failed for volume "v" : ', '') : '';
      }
    };
    expect(await mount('/none', 'Directory')).toBe("hostPath /none doesn't exist");
    expect(await mount('/none', 'Socket')).toBe("hostPath /none doesn't exist");
    expect(await mount('/made', '')).toBe('mounted');
    expect(await mount('/made', 'Directory')).toBe('mounted');
    expect(await mount('/made', 'File')).toBe("hostPath type check failed: /made is not a file, it's a Directory");
    expect(await mount('/made/file', 'FileOrCreate')).toBe('mounted');
    expect(await mount('/made/file', 'DirectoryOrCreate')).toBe(
      "hostPath type check failed: /made/file is not a directory, it's a File",
    );
    expect(await mount('/made', 'Wrong')).toBe('Wrong is an invalid volume type');
  });

  it('VOL-11: what no plugin serves is said', async () => {
    const world = new TestVolumes();
    const pod = { name: 'v', nfs: { server: 'x', path: '/' } };
    await expect(world.pod([pod])).rejects.toThrow(
      'MountVolume.SetUp failed for volume "v" : no volume plugin matched',
    );
  });
});

describe('image volumes', () => {
  it('VOL-23: show the files of an image, in part too, and can not be changed', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([
      { name: 'v', image: { reference: 'nginx' } },
      { name: 'none', image: { reference: 'elsewhere' } },
    ]);
    const files = await pod.container([...AT, { name: 'v', mountPath: '/part', subPath: 'etc/nginx' }]);
    expect(text(files, '/v/etc/nginx/nginx.conf')).toContain('http {');
    expect(files.list('/part')).toContain('nginx.conf');
    expect(() => files.writeFile('/v/etc/nginx/nginx.conf', new Uint8Array(0))).toThrow('EROFS');
    await expect(pod.container([{ ...AT[0], name: 'v', mountPath: '/v', subPath: 'no/such' }])).rejects.toThrow(
      'failed to prepare subPath for volumeMount "v" of container "main"',
    );
    await expect(pod.container([{ name: 'none', mountPath: '/v' }])).rejects.toThrow('cannot find volume "none"');
  });
});

describe('limits', () => {
  const limits = { 'ephemeral-storage': '2Ki' };
  const containers = [{ name: 'main', resources: { limits } }];
  const MONITORING_MS = 10_000;

  it('VOL-22: a Pod that keeps more than it may when the machine looks is evicted in upstream words', async () => {
    const world = new TestVolumes();
    const pod = await world.pod([{ name: 'v', emptyDir: { sizeLimit: '1Ki' } }], { containers });
    const files = await pod.container(AT);
    files.writeFile('/v/x', new Uint8Array(400));
    await world.pass(MONITORING_MS);
    expect(world.evictions).toEqual([]);
    files.writeFile('/v/x', new Uint8Array(1100));
    files.truncate('/v/x', 0);
    await world.pass(MONITORING_MS);
    expect(world.evictions).toEqual([]);
    files.writeFile('/v/x', new Uint8Array(1100));
    await world.pass(MONITORING_MS);
    expect(world.evictions).toEqual(['Usage of EmptyDir volume "v" exceeds the limit "1Ki". ']);
    const layer = pod.volumes.storage.layer({ name: 'main', resources: { limits } });
    layer.charge(2049, 'write');
    await world.pass(MONITORING_MS);
    expect(world.evictions.slice(1).sort()).toEqual([
      'Container main exceeded its local ephemeral storage limit "2Ki". ',
      'Pod ephemeral local storage usage exceeds the total limit of containers 2Ki. ',
    ]);
    pod.volumes.close();
    layer.release(2049);
    layer.charge(2049, 'write');
    expect(world.real.pendingTimers).toBeGreaterThan(0);
    pod.volumes.close();
    expect(world.real.pendingTimers).toBe(0);
  });
});
