import { afterEach, describe, expect, it } from 'vitest';
import { fileNode } from '../../src/runtime/filesystem/nodes.ts';
import { TestContainers } from '../support/test-container.ts';

const HOSTS = '127.0.0.1\tlocalhost\n10.244.1.2\tweb\n';

/** nginx at 10.244.1.2, which a busybox knows as `web`. */
async function setUp(image = 'busybox') {
  const containers = new TestContainers();
  const web = await containers.start('nginx');
  await expect.poll(() => containers.network.listening(web.ip).length).toBe(1);
  const mounts = ['/etc/hosts', '/etc/resolv.conf'].map((containerPath, i) => ({
    containerPath,
    source: fileNode(i === 0 ? HOSTS : 'nameserver 10.244.1.250\noptions attempts:1\n', 0o644, 0),
    readOnly: false,
  }));
  const box = await containers.start(image, { command: ['sleep', '3600000'], mounts });
  ends.push(async () => {
    for (const { id } of [web, box]) await containers.runtime.stopContainer(id, 0);
  });
  const sh = (script: string) => box.exec(['sh', '-c', script]);
  return { containers, box, web, sh };
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

describe('wget', () => {
  it('NET-50: says what it does on standard error, as busybox, and saves or prints what it gets', async () => {
    const { sh } = await setUp();
    const printed = await sh('wget -O - http://web/index.html | head -n 4 | tail -n 1');
    expect(printed).toEqual({
      code: 0,
      out: '<title>Welcome to nginx!</title>\n',
      err: `Connecting to web (10.244.1.2:80)\nwriting to stdout\n-                    100% |${'*'.repeat(32)}|   894  0:00:00 ETA\nwritten to stdout\n`,
    });
    expect(await sh('cd /tmp && wget -q web && wc -c index.html')).toMatchObject({ code: 0, out: '894 index.html\n' });
    expect(await sh('wget --spider http://web')).toMatchObject({ err: expect.stringContaining('remote file exists') });
  });

  it('NET-51: what goes wrong is told in its words, with 1', async () => {
    const { sh } = await setUp();
    expect(await sh('wget -q -O - http://web/no')).toEqual({
      code: 1,
      out: '',
      err: 'wget: server returned error: HTTP/1.1 404 Not Found\n',
    });
    expect(await sh('wget -q http://nobody')).toMatchObject({ code: 1, err: "wget: bad address 'nobody'\n" });
    expect(await sh('wget -q http://web:81')).toMatchObject({
      code: 1,
      err: "wget: can't connect to remote host (10.244.1.2): Connection refused\n",
    });
    expect(await sh('wget -q ftp://web')).toMatchObject({ code: 1, err: 'wget: not an http or ftp url: ftp://web\n' });
  });
});

describe('curl', () => {
  it('NET-52: output, headers, codes and variables as scripts use them', async () => {
    const { sh } = await setUp();
    expect(await sh("curl -s -o /dev/null -w '%{http_code} %{size_download} %{remote_ip}\\n' http://web/")).toEqual({
      code: 0,
      out: '200 894 10.244.1.2\n',
      err: '',
    });
    expect((await sh('curl -sI web')).out).toMatch(/^HTTP\/1\.1 200 OK\r\nServer: nginx\//);
    expect(await sh('curl -sf web/no')).toEqual({ code: 22, out: '', err: '' });
    expect(await sh('curl -sSf web/no')).toMatchObject({
      code: 22,
      err: 'curl: (22) The requested URL returned error: 404\n',
    });
  });

  it('NET-53: names, refusals and timeouts have their exit codes', async () => {
    const { sh, containers, web } = await setUp();
    expect(await sh('curl http://nobody')).toMatchObject({
      code: 6,
      err: 'curl: (6) Could not resolve host: nobody\n',
    });
    expect(await sh('curl web:81')).toMatchObject({
      code: 7,
      err: expect.stringMatching(
        /^curl: \(7\) Failed to connect to web port 81 after \d+ ms: Could not connect to server\n$/,
      ),
    });
    containers.network.listen(web.ip, 90, () => {});
    expect(await sh('curl -m 0.1 web:90')).toMatchObject({
      code: 28,
      err: expect.stringMatching(/^curl: \(28\) Operation timed out after \d+ milliseconds with 0 bytes received\n$/),
    });
    containers.network.listen(web.ip, 91, (connection) => connection.reset());
    expect((await sh('curl -s web:91')).code).toBe(56);
  });
});

describe('nc', () => {
  it('NET-54: sends its input, prints what comes, and looks whether ports are open', async () => {
    const { sh, containers, web } = await setUp();
    containers.network.listen(web.ip, 7, (connection) => connection.pipe(connection));
    expect(await sh('echo hello | nc web 7')).toEqual({ code: 0, out: 'hello\n', err: '' });
    expect(await sh('nc -zv web 80')).toMatchObject({
      code: 0,
      err: 'Connection to web (10.244.1.2) 80 port [tcp/http] succeeded!\n',
    });
    expect(await sh('nc -zv web 81')).toMatchObject({
      code: 1,
      err: 'nc: connect to web port 81 (tcp) failed: Connection refused\n',
    });
    expect(await sh('nc -zuv -w 1 web 5000')).toMatchObject({ code: 1 });
    expect(await sh('echo hello | nc -t -w 2 web 80')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^HTTP\/1\.1 400 Bad Request/),
    });
    const echo = containers.network.openSocket(web.ip, 5000);
    void (async () => {
      for await (const { bytes, from } of echo.datagrams) await echo.send(from, bytes);
    })();
    expect(await sh('echo hi | nc -u -w 0.1 web 5000')).toMatchObject({ code: 0, out: 'hi\n' });
  });
});

describe('names', () => {
  it('NET-31: the name of a Pod by its address is made as scripts make it', async () => {
    const { sh, box } = await setUp();
    const dashed = box.ip.replaceAll('.', '-');
    expect((await sh(`hostname -i | awk -F. '{print $1"-"$2"-"$3"-"$4}'`)).out).toBe(`${dashed}\n`);
  });

  it('NET-55: getent finds what /etc/hosts has, and ends with 2 for what nobody has', async () => {
    const { sh } = await setUp();
    expect(await sh('getent hosts web')).toMatchObject({ code: 0, out: '10.244.1.2      web\n' });
    expect(await sh('getent hosts nobody')).toMatchObject({ code: 2, out: '' });
  });
});

describe('interfaces and echoes', () => {
  it('NET-56: ip, ifconfig, route and arp show what a Pod has; changing it is not permitted', async () => {
    const { sh, box } = await setUp();
    expect((await sh('ip addr show eth0')).out).toContain(`inet ${box.ip}/24 brd 10.244.1.255 scope global eth0`);
    expect((await sh('ip route')).out).toBe(
      `default via 10.244.1.1 dev eth0 \n10.244.0.0/16 via 10.244.1.1 dev eth0 \n10.244.1.0/24 dev eth0 scope link  src ${box.ip} \n`,
    );
    expect((await sh('ifconfig eth0')).out).toContain(`inet addr:${box.ip}  Bcast:10.244.1.255  Mask:255.255.255.0`);
    expect((await sh('route -n')).out).toContain('0.0.0.0         10.244.1.1');
    expect(await sh('ip link set eth0 down')).toMatchObject({
      code: 2,
      err: 'RTNETLINK answers: Operation not permitted\n',
    });
  });

  it('NET-57: netstat and ss show listeners and connections', async () => {
    const { web } = await setUp();
    expect((await web.exec(['netstat', '-tln'])).out).toContain('tcp        0      0 0.0.0.0:80 ');
    expect((await web.exec(['ss', '-tln'])).out).toMatch(/tcp {3}LISTEN 0 {6}0 +0\.0\.0\.0:80 +0\.0\.0\.0:\*/);
  });

  it('NET-58: ping counts who answers; nobody at a name or an address is told', async () => {
    const { sh } = await setUp();
    const answered = await sh('ping -c 2 -i 0.01 web');
    expect(answered.code).toBe(0);
    expect(answered.out).toMatch(
      /^PING web \(10\.244\.1\.2\): 56 data bytes\n64 bytes from 10\.244\.1\.2: seq=0 ttl=64 time=.* ms\n.*seq=1.*\n\n--- web ping statistics ---\n2 packets transmitted, 2 packets received, 0% packet loss\nround-trip/,
    );
    const lost = await sh('ping -c 1 -W 0.01 10.244.7.7');
    expect(lost).toMatchObject({ code: 1, out: expect.stringContaining('0 packets received, 100% packet loss') });
    expect(await sh('ping -c 1 nobody')).toMatchObject({ code: 1, err: "ping: bad address 'nobody'\n" });
  });

  it('NET-59: busybox httpd serves a folder in the background', async () => {
    const { box } = await setUp();
    await box.exec(['sh', '-c', 'mkdir /www; echo hi > /www/index.html']);
    expect((await box.exec(['httpd', '-p', '8000', '-h', '/www'])).code).toBe(0);
    await expect.poll(async () => (await box.exec(['wget', '-qO-', 'localhost:8000'])).out).toBe('hi\n');
    expect((await box.exec(['wget', '-qO-', 'localhost:8000/no'])).err).toContain('404 Not Found');
    expect(await box.exec(['httpd', '-p', '8000'])).toMatchObject({ code: 1, err: 'httpd: bind: Address in use\n' });
  });

  it('NET-60: telnet connects and refuses options', async () => {
    const { box, containers, web } = await setUp();
    const received: string[] = [];
    containers.network.listen(web.ip, 23, (connection) => {
      connection.write(Uint8Array.from([255, 253, 31, 104, 105, 10]));
      connection.once('data', (chunk) => {
        received.push(Buffer.from(chunk).toString('hex'));
        connection.end();
      });
    });
    expect((await box.exec(['telnet', 'web'])).out).toBe('Connected to web\nhi\n');
    expect(received).toEqual(['fffc1f']);
    expect((await box.exec(['telnet', 'web', '24'])).err).toBe(
      "telnet: can't connect to remote host (10.244.1.2): Connection refused\n",
    );
  });
});
