/**
 * A Tomcat-like server on port 8080 that shows the archives of its webapps folder as applications, and the image that
 * brings such an archive (geektime/tomcat:7.0, geektime/sample:v2, tomcat).
 *
 * An archive is no real one here: an application answers with a page of its own.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenLazily } from '../../network/http-service.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { defineImage } from '../define-image.ts';
import { BUSYBOX } from '../linux-layout.ts';

const PORT = 8080;
const OLD_HOME = '/root/apache-tomcat-7.0.42-v2';
const HOME = '/usr/local/tomcat';

interface Edition {
  readonly home: string;
  readonly version: string;
}

function server({ home, version }: Edition): (process: ProcessContext) => Promise<number> {
  return async (process) => {
    const log = (text: string): void => {
      const iso = new Date(process.clock.now()).toISOString();
      process.write('stderr', `${iso.slice(0, 10)} ${iso.slice(11, 19)} INFO: ${text}\n`);
    };
    const webapps = `${home}/webapps`;
    listenLazily(process, PORT, (request, response) => answer(process, webapps, version, request, response));
    log(`Starting Servlet Engine: Apache Tomcat/${version}`);
    for (const name of applications(process, webapps)) log(`Deploying web application archive ${webapps}/${name}.war`);
    log(`Starting ProtocolHandler ["http-bio-${PORT}"]`);
    log('Server startup in 642 ms');
    return new Promise((resolve) => {
      process.onSignal('TERM', () => {
        log(`Pausing ProtocolHandler ["http-bio-${PORT}"]`);
        resolve(143);
      });
      process.killed.addEventListener('abort', () => resolve(137), { once: true });
    });
  };
}

/** Names of archives and folders in webapps. */
function applications(process: ProcessContext, webapps: string): string[] {
  const files = process.fileSystem();
  if (!files.exists(webapps)) return [];
  return [...new Set(files.list(webapps).map((name) => name.replace(/\.war$/, '')))].sort();
}

function answer(
  process: ProcessContext,
  webapps: string,
  version: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const [, first = '', ...rest] = path.split('/');
  const name = first === '' ? 'ROOT' : first;
  response.setHeader('Server', 'Apache-Coyote/1.1');
  response.setHeader('Content-Type', 'text/html;charset=utf-8');
  if (!applications(process, webapps).includes(name)) return notFound(response, path, version);
  if (first !== '' && rest.length === 0) {
    response.writeHead(302, { Location: `/${first}/` }).end();
    return;
  }
  const file = ContainerFileSystem.resolve('/', `${webapps}/${name}/${rest.join('/') || 'index.html'}`);
  const files = process.fileSystem();
  if (file.startsWith(`${webapps}/`) && files.exists(file) && files.status(file).kind === 'file') {
    response.end(files.readFile(file));
  } else if (files.exists(`${webapps}/${name}.war`) && rest.join('') === '') response.end(page(name));
  else notFound(response, path, version);
}

function page(name: string): string {
  return `<html>\n<head>\n<title>Sample "Hello, World" Application</title>\n</head>\n<body bgcolor=white>\n<h1>Sample "Hello, World" Application</h1>\n<p>This is the home page of the application ${name}.</p>\n</body>\n</html>\n`;
}

function notFound(response: ServerResponse, path: string, version: string): void {
  const escaped = path.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  response.statusCode = 404;
  response.end(
    `<html><head><title>Apache Tomcat/${version} - Error report</title></head><body><h1>HTTP Status 404 - ${escaped}</h1><h3>Apache Tomcat/${version}</h3></body></html>`,
  );
}

const old = server({ home: OLD_HOME, version: '7.0.42' });
const current = server({ home: HOME, version: '10.1.48' });

export const TOMCAT_IMAGES = [
  defineImage({
    repositories: ['geektime/tomcat'],
    tags: /^(latest|7\.0)$/,
    size: 235_123_456,
    command: ['/bin/bash'],
    programs: { [`${OLD_HOME}/bin/start.sh`]: old, [`${OLD_HOME}/bin/catalina.sh`]: old },
    directories: [`${OLD_HOME}/webapps`, `${OLD_HOME}/logs`],
    shells: ['/bin/sh', '/bin/bash'],
  }),
  defineImage({
    repositories: ['geektime/sample'],
    tags: /^(latest|v[12])$/,
    size: 1_123_009,
    release: BUSYBOX,
    command: ['sh'],
    files: { '/sample.war': 'PK\u0005\u0006' },
  }),
  defineImage({
    repositories: ['library/tomcat'],
    tags: /^(latest|([7-9]|1[01])(\.\d+){0,2})(-[\w-]+)*$/,
    size: 178_402_113,
    env: { CATALINA_HOME: HOME, PATH: `${HOME}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
    workingDir: HOME,
    command: ['catalina.sh', 'run'],
    programs: { [`${HOME}/bin/catalina.sh`]: current },
    directories: [`${HOME}/webapps`, `${HOME}/logs`],
    shells: ['/bin/sh', '/bin/bash'],
  }),
];
