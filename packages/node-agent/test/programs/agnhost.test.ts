import { afterEach, describe, expect, it } from 'vitest';
import { directoryNode, fileNode, placeNode } from '../../src/runtime/filesystem/nodes.ts';
import { TestContainers } from '../support/test-container.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Those whose port is waited for. */
const SERVERS = new Set(['netexec', 'serve-hostname', 'porter', 'guestbook']);

function setUp() {
  const containers = new TestContainers();
  const start: TestContainers['start'] = async (...words) => {
    const container = await containers.start(...words);
    ends.push(() => containers.runtime.stopContainer(container.id, 0));
    return container;
  };
  const agnhost = async (args: string[], config = {}) => {
    const container = await start('registry.k8s.io/e2e-test-images/agnhost:2.57', { args, ...config });
    if (SERVERS.has(args[0] ?? '')) {
      await expect.poll(() => containers.network.listening(container.ip).length).toBeGreaterThan(0);
    }
    return container;
  };
  return { containers, agnhost };
}

describe('agnhost netexec', () => {
  it('IMG-20: tells who and where it is over HTTP and UDP, echoes, runs commands and dials others', async () => {
    const { agnhost } = setUp();
    const server = await agnhost(['netexec']);
    const client = await agnhost(['netexec', '--http-port=80', '--udp-port', '81']);
    const get = async (path: string): Promise<string> =>
      (await client.exec(['curl', '-s', `http://${server.ip}:8080${path}`])).out;
    await expect.poll(() => get('/hostname')).toBe('pod');
    expect(await get('/clientip')).toMatch(new RegExp(`^${client.ip}:\\d+$`));
    expect(await get('/echo?msg=hello')).toBe('hello');
    expect((await client.exec(['curl', '-s', '-w', '%{http_code}', `${server.ip}:8080/echo?code=418`])).out).toBe(
      '418',
    );
    expect(JSON.parse(await get('/shell?cmd=echo%20out;exit%203'))).toEqual({
      output: 'out\n',
      error: 'exit status 3',
    });
    const dial = (protocol: string, port: number, request: string): Promise<string> =>
      get(`/dial?host=${client.ip}&port=${port}&protocol=${protocol}&request=${request}&tries=2`);
    expect(JSON.parse(await dial('http', 80, 'hostname'))).toEqual({ responses: ['pod', 'pod'] });
    expect(JSON.parse(await dial('udp', 81, 'echo%20hi'))).toEqual({ responses: ['hi', 'hi'] });
    const refused = `Get "http://${client.ip}:9/x": dial tcp ${client.ip}:9: connect: connection refused`;
    expect(JSON.parse(await dial('http', 9, 'x'))).toEqual({ errors: [refused, refused] });
    expect(server.log()).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d Started UDP server on port {2}8081$/m);
  });

  it('IMG-21: /exit ends it with the code that is asked for', async () => {
    const { agnhost } = setUp();
    const server = await agnhost(['netexec']);
    const client = await agnhost(['pause']);
    expect((await client.exec(['curl', '-s', `${server.ip}:8080/exit?code=5`])).code).toBe(52);
    expect(await server.exit()).toBe(5);
  });
});

describe("agnhost's other subcommands", () => {
  it('IMG-22: connect tells how a connection failed', async () => {
    const { agnhost } = setUp();
    const server = await agnhost(['serve-hostname']);
    const connect = (target: string) => server.exec(['/agnhost', 'connect', target, '--timeout=100ms']);
    await expect.poll(() => connect(`${server.ip}:9376`)).toMatchObject({ code: 0 });
    expect(await connect(`${server.ip}:1`)).toMatchObject({ code: 1, err: 'REFUSED\n' });
    expect(await connect('10.9.9.9:1')).toMatchObject({ code: 1, err: expect.stringMatching(/^OTHER: /) });
    expect(await connect('nowhere')).toMatchObject({ code: 1, err: expect.stringMatching(/^UNKNOWN: /) });
  });

  it('IMG-26: no-snat-test tells whether others see the Pod under its own address', async () => {
    const { containers } = setUp();
    const sandbox = await containers.sandbox({});
    const run = async (...env: string[]) => {
      const variables = env.map((value, i) => ({ name: ['POD_IP', 'NODE_IP'][i] ?? '', value }));
      const image = 'registry.k8s.io/e2e-test-images/agnhost:2.57';
      const container = await containers.startIn(sandbox, image, { args: ['no-snat-test'], env: variables });
      ends.push(() => containers.runtime.stopContainer(container.id, 0));
      return container;
    };
    const bare = await run(sandbox.ip, 'node');
    expect(await bare.exit()).toBe(1);
    expect(bare.log()).toBe('NODE_IP env var contained "node", which is not an IP address\n');
    const server = await run(sandbox.ip, '192.168.49.2');
    const ask = (address: string) =>
      server.exec(['curl', '-s', '-w', '%{http_code}', `${sandbox.ip}:8080/checknosnat?ips=${address}`]);
    await expect.poll(async () => (await ask(`${sandbox.ip}:8080`)).out).toBe('200');
    const refused = `Get "http://${sandbox.ip}:1/whoami": dial tcp ${sandbox.ip}:1: connect: connection refused500`;
    expect((await ask(`${sandbox.ip}:8080,${sandbox.ip}:1`)).out).toBe(refused);
  });

  it('IMG-23: mounttest tells of files as upstream prints them', async () => {
    const { agnhost } = setUp();
    const root = directoryNode(0o777, 0);
    placeNode(root, 'old', fileNode('content', 0o400, 0));
    const mounts = [{ containerPath: '/data', source: root, readOnly: false }];
    const args = [
      'mounttest',
      '--file_mode=/data',
      '--file_perm=/data/old',
      '--file_content=/data/old',
      '--new_file_0660=/data/new',
    ];
    const container = await agnhost(args, { mounts });
    expect(await container.exit()).toBe(0);
    expect(container.log()).toBe(
      'content of file "/data/new": mount-tester new file\n\nmode of file "/data": drwxrwxrwx\nperms of file "/data/old": -r--------\ncontent of file "/data/old": content\n',
    );
    const missing = await agnhost(['mounttest', '--file_content=/none']);
    expect(await missing.exit()).toBe(1);
    expect(missing.log()).toBe('error reading file content for "/none": open /none: no such file or directory\n');
  });

  it('IMG-24: porter serves what its environment says, as text or as a page, with TLS too', async () => {
    const { agnhost } = setUp();
    const env = [
      { name: 'SERVE_PORT_80', value: 'foo' },
      { name: 'SERVE_PORT_81', value: '<a href="/x">page</a>' },
      { name: 'SERVE_TLS_PORT_443', value: 'tls' },
    ];
    const server = await agnhost(['porter'], { env });
    expect((await server.exec(['curl', '-s', 'http://localhost'])).out).toBe('foo');
    const typeOf = async (url: string): Promise<string> =>
      (await server.exec(['curl', '-s', '-o', '/dev/null', '-w', '%{content_type}', url])).out;
    expect(await typeOf('http://localhost')).toBe('text/plain; charset=utf-8');
    expect(await typeOf('http://localhost:81')).toBe('text/html; charset=utf-8');
    expect((await server.exec(['curl', '-s', '--cacert', '/localhost.crt', 'https://127.0.0.1'])).out).toBe('tls');
    expect((await server.exec(['curl', '-s', 'https://127.0.0.1'])).code).toBe(60);
  });

  it('IMG-25: guestbook replicas have what the primary was told', async () => {
    const { agnhost } = setUp();
    const primary = await agnhost(['guestbook', '--http-port', '6379']);
    const hosts = fileNode(`${primary.ip} agnhost-primary\n`, 0o644, 0);
    const mounts = [{ containerPath: '/etc/hosts', source: hosts, readOnly: false }];
    const front = await agnhost(['guestbook', '--backend-port', '6379'], { mounts });
    const set = await front.exec(['curl', '-s', 'localhost/guestbook?cmd=set&key=messages&value=hi']);
    expect(set.out).toBe('{"message":"Updated"}');
    const replica = await agnhost(['guestbook', '--replicaof', 'agnhost-primary', '--http-port', '6379'], { mounts });
    await expect.poll(() => replica.log()).toContain('Registered to node: agnhost-primary');
    expect((await replica.exec(['curl', '-s', 'localhost:6379/get?key=messages'])).out).toBe('{"data":"hi"}');
  });

  it('IMG-26: the entrypoint tester prints its arguments; what is unknown is told', async () => {
    const { agnhost } = setUp();
    const tester = await agnhost(['entrypoint-tester', 'override', 'arguments']);
    expect(await tester.exit()).toBe(0);
    expect(tester.log()).toBe('[/agnhost entrypoint-tester override arguments]\n');
    const unknown = await agnhost(['no-such-thing']);
    expect(await unknown.exit()).toBe(1);
  });
});
