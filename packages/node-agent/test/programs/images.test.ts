import { afterEach, describe, expect, it } from 'vitest';
import { directoryNode } from '../../src/runtime/filesystem/nodes.ts';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function setUp() {
  const containers = new TestContainers();
  const start = async (...words: Parameters<TestContainers['start']>): Promise<RunningContainer> => {
    const container = await containers.start(...words);
    ends.push(() => containers.runtime.stopContainer(container.id, 0));
    return container;
  };
  /** Waits until it listens. */
  const serve = async (...words: Parameters<typeof start>): Promise<RunningContainer> => {
    const container = await start(...words);
    await expect.poll(() => containers.network.listening(container.ip).length).toBeGreaterThan(0);
    return container;
  };
  return { containers, start, serve };
}

describe('httpd', () => {
  it('IMG-30: serves its page, logs as Apache does, and ends with 0 on its stop signal', async () => {
    const { containers, serve } = setUp();
    const web = await serve('registry.k8s.io/e2e-test-images/httpd:2.4.38-4');
    expect((await web.exec(['curl', '-si', 'localhost'])).out).toMatch(
      /Server: Apache\/2\.4\.38 \(Unix\)\r\n(.*\r\n)*\r\n<html><body><h1>It works!<\/h1><\/body><\/html>\n$/,
    );
    expect(
      (await web.exec(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'localhost/../../../etc/passwd'])).out,
    ).toBe('404');
    expect(web.log()).toContain("[core:notice] [pid 1:tid 1] AH00094: Command line: 'httpd -D FOREGROUND'\n");
    expect(web.log()).toMatch(/^127\.0\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 45$/m);
    await containers.runtime.stopContainer(web.id, 30_000);
    expect(web.record?.exitCode).toBe(0);
    expect(web.log()).toContain('AH00492: caught SIGWINCH, shutting down gracefully');
  });
});

describe('redis', () => {
  const cli = async (server: RunningContainer, ...words: string[]): Promise<string> =>
    (await server.exec(['redis-cli', ...words])).out;

  /** Waits until it serves. */
  const server = async (start: ReturnType<typeof setUp>['start'], config = {}): Promise<RunningContainer> => {
    const redis = await start('redis:7', config);
    await expect.poll(() => redis.log()).toContain('Ready to accept connections');
    return redis;
  };

  it('IMG-31: answers commands on strings, lists, hashes, sets and sorted sets', async () => {
    const { start } = setUp();
    const redis = await server(start);
    const script: [string, string][] = [
      ['ping', 'PONG'],
      ['set greeting "hello you"', 'OK'],
      ['get greeting', 'hello you'],
      ['set greeting x nx', ''],
      ['incrby n 5', '5'],
      ['decr n', '4'],
      ['incr greeting', 'ERR value is not an integer or out of range'],
      ['rpush l a b c', '3'],
      ['lpush l z', '4'],
      ['lrange l 0 -2', 'z\na\nb'],
      ['lrange l -2 -1', 'b\nc'],
      ['hset h f 1 g 2', '2'],
      ['hgetall h', 'f\n1\ng\n2'],
      ['sadd s a b a', '2'],
      ['zadd z 2 b 1 a', '2'],
      ['zrange z 0 -1 withscores', 'a\n1\nb\n2'],
      ['get l', 'WRONGTYPE Operation against a key holding the wrong kind of value'],
      ['keys [gh]*', 'greeting\nh'],
      ['expire n 100', '1'],
      ['ttl n', '100'],
      ['ttl nothing', '-2'],
      ['lpop l 9', 'z\na\nb\nc'],
      ['exists l', '0'],
      ['nonsense a', "ERR unknown command 'nonsense', with args beginning with: 'a' "],
      ['get', "ERR wrong number of arguments for 'get' command"],
    ];
    const out = (await redis.exec(['redis-cli'], script.map(([command]) => `${command}\n`).join(''))).out;
    expect(out).toBe(script.map(([, answer]) => `${answer}\n`).join(''));
    expect(await cli(redis, '--no-raw', 'hgetall', 'h')).toBe('1) "f"\n2) "1"\n3) "g"\n4) "2"\n');
  });

  it('IMG-32: what it saved, and with appendonly every write, is there at the next start', async () => {
    for (const args of [[], ['--appendonly', 'yes']]) {
      const { containers, start } = setUp();
      const data = { containerPath: '/data', source: directoryNode(0o777, 0), readOnly: false };
      const first = await server(start, { args, mounts: [data] });
      await cli(first, 'set', 'kept', 'yes');
      await containers.runtime.stopContainer(first.id, args.length === 0 ? 30_000 : 0);
      const second = await server(start, { args, mounts: [data] });
      expect(await cli(second, 'get', 'kept')).toBe('yes\n');
    }
  });

  it('IMG-33: a password is asked for; requests that are no commands end their connection', async () => {
    const { start } = setUp();
    const redis = await server(start, { args: ['--requirepass', 'secret', '--port', '7000'] });
    expect(await cli(redis, '-p', '7000', 'ping')).toBe('NOAUTH Authentication required.\n');
    expect(await cli(redis, '-p', '7000', '-a', 'secret', 'ping')).toBe('PONG\n');
    expect((await redis.exec(['nc', 'localhost', '7000'], '*1\r\n$x\r\n')).out).toBe(
      '-ERR Protocol error: invalid bulk length\r\n',
    );
    expect(await redis.exec(['redis-cli', 'ping'])).toMatchObject({
      code: 1,
      err: 'Could not connect to Redis at 127.0.0.1:6379: Connection refused\n',
    });
  });
});

describe('hogs and servers', () => {
  it('IMG-34: stress takes memory from its container, which is killed over its limit', async () => {
    const { start } = setUp();
    const resources = { memoryLimit: 100 * 1024 * 1024 };
    const args = ['--vm', '1', '--vm-bytes', '250M', '--vm-hang', '1'];
    const hog = await start('polinux/stress', { command: ['stress'], args, resources });
    expect(await hog.exit()).toBe(137);
    expect(hog.record?.reason).toBe('OOMKilled');
    const modest = await start('polinux/stress', {
      command: ['stress'],
      args: ['--vm', '1', '--vm-bytes', '50M', '-t', '1'],
      resources,
    });
    expect(await modest.exit()).toBe(0);
  });

  it('IMG-35: a Tomcat serves the archive that an init container brought', async () => {
    const { start } = setUp();
    const mounts = (containerPath: string) => [{ containerPath, source: folder, readOnly: false }];
    const folder = directoryNode(0o777, 0);
    const war = await start('geektime/sample:v2', { command: ['cp', '/sample.war', '/app'], mounts: mounts('/app') });
    expect(await war.exit()).toBe(0);
    const home = '/root/apache-tomcat-7.0.42-v2';
    const tomcat = await start('geektime/tomcat:7.0', {
      command: [`${home}/bin/start.sh`],
      mounts: mounts(`${home}/webapps`),
    });
    await expect.poll(() => tomcat.log()).toContain('Server startup');
    expect((await tomcat.exec(['curl', '-sL', 'localhost:8080/sample'])).out).toContain('Hello, World');
    expect((await tomcat.exec(['curl', '-s', '-w', '%{http_code}', 'localhost:8080/other'])).out).toMatch(/404$/);
  });

  it('IMG-36: bases are told apart by their files; a shell without input ends', async () => {
    const { start } = setUp();
    for (const [image, id] of [
      ['alpine:3.20', 'alpine'],
      ['ubuntu', 'ubuntu'],
      ['debian:12-slim', 'debian'],
    ]) {
      const base = await start(image ?? '', { command: ['sh', '-c', '. /etc/os-release; echo $ID'] });
      expect(await base.exit()).toBe(0);
      expect(base.log()).toBe(`${id}\n`);
    }
    expect(await (await start('ubuntu')).exit()).toBe(0);
    await expect(start('ubuntu:99.99')).rejects.toThrow('not found');
  });

  it('IMG-37: curlimages/curl runs curl; kitten tells its picture', async () => {
    const { start, serve } = setUp();
    const kitten = await serve('registry.k8s.io/e2e-test-images/kitten:1.7');
    const curl = await start('curlimages/curl', { args: ['-s', `http://${kitten.ip}/data.json`] });
    expect(await curl.exit()).toBe(0);
    expect(JSON.parse(curl.log())).toEqual({ image: 'kitten.jpg' });
  });
});
