/**
 * Images of upstream's end-to-end suites besides agnhost, busybox, nginx and httpd (upstream: test/images).
 */
import type { ProcessContext, Program } from '../../runtime/process/process-context.ts';
import { runUntilKilled, serveRoutes, text } from '../agnhost/go-server.ts';
import { defineImage } from '../define-image.ts';
import type { ImageProfile } from '../image-profile.ts';
import { ALPINE, DEBIAN } from '../linux-layout.ts';

/** kitten and nautilus: one picture's name, which the update demo looks for. */
function picture(name: string): Program {
  return (process) => {
    serveRoutes(process, 80, {
      '/data.json': ({ response }) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(`{\n    "image": "${name}.jpg"\n}\n`);
      },
    });
    return runUntilKilled(process);
  };
}

/** Bytes of a request that are told back. */
const LONGEST_BODY = 1024 * 1024;

async function readBody(request: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LONGEST_BODY) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Tells the client what it has sent. */
async function echo(process: ProcessContext): Promise<number> {
  serveRoutes(process, 8080, {
    '/': async ({ request, response, path, query }) => {
      const body = Buffer.from(await readBody(request)).toString();
      const headers = Object.entries(request.headers).map(([name, value]) => `\t${name}=${value}\n`);
      text(
        response,
        `\n\nHostname: ${process.hostname}\n\nPod Information:\n\t-no pod information available-\n\nServer values:\n\tserver_version=nginx: 1.14.2 - lua: 10015\n\nRequest Information:\n\tclient_address=${request.socket.remoteAddress}\n\tmethod=${request.method}\n\treal path=${request.url}\n\tquery=${query}\n\trequest_version=${request.httpVersion}\n\trequest_scheme=http\n\trequest_uri=http://${request.headers.host}:8080${path}\n\nRequest Headers:\n${headers.sort().join('')}\nRequest Body:\n${body === '' ? '\t-no body in request-' : body}\n\n`,
      );
    },
  });
  return runUntilKilled(process);
}

/** nnp: set-user-ID root, which takes effect unless the container has no_new_privs. */
async function noNewPrivileges(process: ProcessContext): Promise<number> {
  const status = Buffer.from(process.fileSystem().readFile('/proc/self/status')).toString();
  const uid = /^NoNewPrivs:\s*1$/m.test(status) ? process.credentials.uid : 0;
  process.write('stdout', `Effective uid: ${uid}\n`);
  return 0;
}

export const E2E_IMAGES: readonly ImageProfile[] = [
  defineImage({
    repositories: ['e2e-test-images/nonewprivs'],
    size: 3_264_266,
    release: ALPINE,
    command: ['/nnp'],
    programs: { '/nnp': noNewPrivileges },
  }),
  ...['kitten', 'nautilus'].map((name) =>
    defineImage({
      repositories: [`e2e-test-images/${name}`],
      size: 49_230_101,
      release: ALPINE,
      command: [`/${name}`],
      programs: { [`/${name}`]: picture(name) },
    }),
  ),
  defineImage({
    repositories: ['e2e-test-images/echoserver', 'echoserver', 'google_containers/echoserver'],
    size: 46_237_695,
    release: DEBIAN,
    command: ['/echoserver'],
    programs: { '/echoserver': echo },
  }),
  defineImage({
    repositories: [
      'e2e-test-images/jessie-dnsutils',
      'e2e-test-images/dnsutils',
      'kubernetes-e2e-test-images/dnsutils',
    ],
    size: 112_030_336,
    release: { id: 'debian', name: 'Debian GNU/Linux', version: '8 (jessie)' },
    command: ['/bin/sh'],
    shells: ['/bin/sh', '/bin/bash', '/usr/bin/dig', '/usr/bin/nslookup', '/usr/bin/host'],
  }),
  defineImage({
    repositories: ['e2e-test-images/ipc-utils', 'e2e-test-images/perl', 'library/perl'],
    size: 8_106_012,
    release: ALPINE,
    command: ['sh'],
  }),
];
