/**
 * agnhost serve-hostname, test-webserver and porter: servers that say one thing
 * (upstream: test/images/agnhost/{serve-hostname,test-webserver,porter}).
 */
import { FileError } from '../../runtime/filesystem/file-error.ts';
import { ContainerFileSystem } from '../../runtime/filesystem/file-system.ts';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { type Call, httpError, logLine, runUntilKilled, serveRoutes, text } from './go-server.ts';

/** Cluster milliseconds that it goes on after TERM. */
const AFTER_TERM_MS = 60_000;

export async function serveHostname(process: ProcessContext): Promise<number> {
  const flags = parseFlags(process.argv.slice(2), { switches: ['tcp', 'udp', 'http', 'close'] });
  const port = flags.number('port', 9376);
  const { hostname, ip, network } = process;
  if (flags.isSet('tcp')) {
    const stop = network.listen(ip, port, (connection, from) => {
      logLine(process, `TCP request from ${from.ip}:${from.port}`);
      connection.end(hostname);
    });
    process.killed.addEventListener('abort', stop, { once: true });
  }
  if (flags.isSet('udp')) answerUdp(process, port, hostname, (from) => `UDP request from ${from}`);
  if (flags.isSet('http', !flags.isSet('tcp') && !flags.isSet('udp'))) {
    serveRoutes(process, port, {
      '/': ({ request, response }) => {
        logLine(process, `HTTP request from ${request.socket.remoteAddress}:${request.socket.remotePort}`);
        if (flags.isSet('close')) response.setHeader('Connection', 'close');
        text(response, hostname);
      },
    });
  }
  logLine(process, `Serving on port ${port}.`);
  await new Promise<void>((resolve) => process.onSignal('TERM', resolve));
  logLine(process, 'Shutting down after receiving signal: terminated.');
  logLine(process, 'Awaiting pod deletion.');
  await process.sleep(AFTER_TERM_MS);
  return 0;
}

function answerUdp(process: ProcessContext, port: number, value: string, log?: (from: string) => string): void {
  const socket = process.network.openSocket(process.ip, port);
  process.killed.addEventListener('abort', () => socket.close(), { once: true });
  void (async () => {
    for await (const { from } of socket.datagrams) {
      if (log) logLine(process, log(`${from.ip}:${from.port}`));
      await socket.send(from, Buffer.from(value)).catch(() => {});
    }
  })();
}

/** Values of SERVE_{,TCP_,UDP_,TLS_}PORT_N, each on its port. */
export async function porter(process: ProcessContext): Promise<number> {
  const { env } = process;
  const json = parseFlags(process.argv.slice(2), { switches: ['json-response'] }).isSet('json-response');
  for (const [name, value] of env) {
    const found = /^SERVE_(?:(TCP|UDP|TLS)_)?PORT_(\d+)$/.exec(name);
    if (!found) continue;
    const port = Number(found[2]);
    const answer = ({ request, response }: Call): void => {
      if (!json) return text(response, value);
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ Method: request.method, Body: value }));
    };
    if (found[1] === 'UDP') answerUdp(process, port, value);
    else if (found[1] === 'TLS') serveRoutes(process, port, { '/': answer }, { tls: readCertificate(process) });
    else serveRoutes(process, port, { '/': answer });
  }
  return runUntilKilled(process);
}

/** @throws FileError */
function readCertificate(process: ProcessContext): { readonly certificate: string; readonly key: string } {
  const read = (variable: string, otherwise: string): string =>
    Buffer.from(process.fileSystem().readFile(process.env.get(variable) || otherwise)).toString();
  return { certificate: read('CERT_FILE', '/localhost.crt'), key: read('KEY_FILE', '/localhost.key') };
}

/** Serves the container's whole file system, as Go's http.FileServer does. */
export async function testWebserver(process: ProcessContext): Promise<number> {
  const port = parseFlags(process.argv.slice(2)).number('port', 80);
  serveRoutes(process, port, { '/': (call) => serveFile(process, call) });
  return runUntilKilled(process);
}

function serveFile(process: ProcessContext, { path, response }: Call): void {
  const file = ContainerFileSystem.resolve('/', decodeURIComponent(path));
  const files = process.fileSystem();
  try {
    if (files.status(file).kind === 'directory') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      const links = files.list(file).map((name) => `<a href="${encodeURIComponent(name)}">${name}</a>\n`);
      response.end(
        `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join('')}</pre>\n`,
      );
    } else text(response, Buffer.from(files.readFile(file)).toString());
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    httpError(response, '404 page not found', 404);
  }
}
