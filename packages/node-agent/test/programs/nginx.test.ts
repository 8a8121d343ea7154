import { afterEach, describe, expect, it } from 'vitest';
import { ImageCatalogue } from '../../src/images/catalogue.ts';
import { NginxConfigError, parseConfig } from '../../src/images/nginx/config-parser.ts';
import { NGINX_IMAGE } from '../../src/images/nginx/image.ts';
import { directoryNode, fileNode, placeNode } from '../../src/runtime/filesystem/nodes.ts';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** nginx with files of a ConfigMap over /etc/nginx/conf.d, and what else is mounted. */
async function nginxWith(conf: string, hosts = '') {
  const containers = new TestContainers();
  const folder = directoryNode(0o755, 0);
  placeNode(folder, 'default.conf', fileNode(conf, 0o644, 0));
  const mounts = [
    { containerPath: '/etc/nginx/conf.d', source: folder, readOnly: false },
    { containerPath: '/etc/hosts', source: fileNode(hosts, 0o644, 0), readOnly: true },
    {
      containerPath: '/etc/resolv.conf',
      source: fileNode('nameserver 10.9.9.9\noptions attempts:1\n', 0o644, 0),
      readOnly: true,
    },
  ];
  const web = await containers.start('nginx:1.27.0', { mounts });
  ends.push(() => containers.runtime.stopContainer(web.id, 0));
  return { containers, web };
}

async function listening(containers: TestContainers, web: RunningContainer, count = 1): Promise<void> {
  await expect.poll(() => containers.network.listening(web.ip).length).toBe(count);
}

const get = async (web: RunningContainer, ...words: string[]): Promise<string> =>
  (await web.exec(['curl', '-s', '-w', ' %{http_code}', ...words])).out;

describe('nginx by its configuration', () => {
  it('IMG-10: ports, names, locations, fixed answers, headers, files and error pages', async () => {
    const { containers, web } = await nginxWith(`
      # the shop
      server {
        listen 8080 default_server;
        root /usr/share/nginx/html;
        add_header X-Pod $hostname;
        location = /healthz { access_log off; return 200 "ok\\n"; }
        location /api/ { default_type application/json; return 200 '{"uri": "$uri", "q": "$arg_q"}'; }
        location ~ \\.php$ { return 403; }
        location /old { return 301 /new$is_args$args; }
        location /app { try_files $uri /index.html; }
        location /none/ { try_files $uri =410; }
        error_page 404 /404.html;
        location = /404.html { return 200 "nothing here"; }
      }
      server { listen 8080; server_name shop.example *.shop.example; return 200 "shop"; }
      server { listen 81; location / { alias /etc/nginx/conf.d/; autoindex on; } }
    `);
    await listening(containers, web, 2);
    expect(await get(web, 'localhost:8080/healthz')).toBe('ok\n 200');
    expect(await get(web, 'localhost:8080/api/a%20b?q=1')).toBe('{"uri": "/api/a b", "q": "1"} 200');
    expect(await get(web, '-o', '/dev/null', 'localhost:8080/api/x.php')).toBe(' 403');
    expect(await get(web, '-o', '/dev/null', '-w', ' %{redirect_url}', 'localhost:8080/old?a=b')).toBe(
      ' http://localhost:8080/new?a=b',
    );
    expect(await get(web, 'localhost:8080/app/any')).toContain('Welcome to nginx!');
    expect(await get(web, '-o', '/dev/null', 'localhost:8080/none/x')).toBe(' 410');
    expect(await get(web, 'localhost:8080/missing')).toBe('nothing here 404');
    expect(await get(web, '-H', 'Host: a.shop.example', 'localhost:8080/')).toBe('shop 200');
    expect(await get(web, 'localhost:81/')).toContain('<a href="default.conf">default.conf</a>');
    expect((await web.exec(['curl', '-sI', 'localhost:8080/'])).out).toContain('X-Pod: pod\r\n');
    expect(web.log()).not.toContain('/healthz');
  });

  it('IMG-11: proxies to where it says, and tells when nobody answers', async () => {
    const { containers, web } = await nginxWith(
      `upstream app { server app:9000; }
       server {
         listen 80;
         location / { proxy_pass http://app; proxy_set_header X-From $remote_addr; }
         location /v1/ { proxy_pass http://app:9000/api/; }
         location /gone { proxy_pass http://app:9001; }
       }`,
      '10.244.1.200 app\n',
    );
    await listening(containers, web);
    containers.network.reserve('10.244.1.200');
    const requests: string[] = [];
    containers.network.listen('10.244.1.200', 9000, (connection) => {
      connection.once('data', (chunk) => {
        requests.push(String(chunk));
        connection.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere');
      });
    });
    expect(await get(web, 'localhost/a?b=c')).toBe('here 200');
    expect(requests[0]).toMatch(
      /^GET \/a\?b=c HTTP\/1\.1\r\nHost: app\r\nConnection: close\r\nX-From: 127\.0\.0\.1\r\n/,
    );
    expect(await get(web, 'localhost/v1/x')).toBe('here 200');
    expect(requests[1]).toMatch(/^GET \/api\/x HTTP\/1\.1\r\nHost: app:9000\r\n/);
    expect(await get(web, '-o', '/dev/null', 'localhost/gone')).toBe(' 502');
    expect(web.log()).toContain(
      'connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1',
    );
  });

  it('IMG-12: a wrong configuration ends it with the reason, and a reload keeps the one before', async () => {
    const { web: wrong } = await nginxWith('server { listen 80; location / { return 200 }\n');
    expect(await wrong.exit()).toBe(1);
    expect(wrong.log()).toContain('[emerg] unexpected "}" in /etc/nginx/conf.d/default.conf:1');
    const { web: lost } = await nginxWith('server {\n location / {\n proxy_pass http://nobody;\n }\n}');
    expect(await lost.exit()).toBe(1);
    expect(lost.log()).toContain('host not found in upstream "nobody" in /etc/nginx/conf.d/default.conf:3');

    const { containers, web } = await nginxWith('server { listen 80; return 200 one; }');
    await listening(containers, web);
    const change = async (text: string) => {
      await web.exec(['sh', '-c', `echo '${text}' > /etc/nginx/conf.d/default.conf`]);
      const test = await web.exec(['nginx', '-t']);
      await web.exec(['nginx', '-s', 'reload']);
      return test;
    };
    expect((await change('server { listen 82; return 200 two; }')).err).toContain('test is successful');
    await expect.poll(() => get(web, 'localhost:82')).toBe('two 200');
    expect((await web.exec(['curl', '-s', 'localhost:80'])).code).toBe(7);
    expect((await change('server { listen 83 }')).err).toContain('test failed');
    expect(await get(web, 'localhost:82')).toBe('two 200');
  });

  it('IMG-13: without a changed configuration it reads none, and needs no files before its first request', async () => {
    let looks = 0;
    const populate: typeof NGINX_IMAGE.populate = (root, now) => {
      looks++;
      NGINX_IMAGE.populate(root, now);
    };
    const containers = new TestContainers(new ImageCatalogue([{ ...NGINX_IMAGE, populate }]));
    const web = await containers.start('nginx');
    ends.push(() => containers.runtime.stopContainer(web.id, 0));
    await listening(containers, web);
    expect(looks).toBe(0);
    expect(await get(web, '-o', '/dev/null', 'localhost')).toBe(' 200');
    expect(looks).toBe(1);
  });

  it('IMG-14: malformed configurations are told with file and line', () => {
    const wrong = (text: string): string => {
      try {
        parseConfig(text, 'f');
        return '';
      } catch (error) {
        return error instanceof NginxConfigError ? error.message : 'another error';
      }
    };
    expect(wrong('a {\n b c;')).toBe('unexpected end of file, expecting "}" in f:2');
    expect(wrong('a b')).toBe('unexpected end of file, expecting ";" or "}" in f:1');
    expect(wrong('}')).toBe('unexpected "}" in f:1');
    expect(wrong('a "b')).toBe('unexpected end of file, expecting """ in f:1');
    expect(wrong('a{'.repeat(100))).toContain('too many nested blocks');
    expect(parseConfig(`a "b;c" 'd\\t' $\{e}f; # g`, 'f')[0]?.args).toEqual(['b;c', 'd\t', `$\{e}f`]);
  });
});
