/**
 * agnhost liveness: healthy for ten seconds, then not (upstream: test/images/agnhost/liveness/server.go).
 */
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { type Call, httpError, runUntilKilled, serveRoutes, text } from './go-server.ts';

/** Cluster milliseconds. */
const HEALTHY_MS = 10_000;
const KIB = 1024;
const MOST_KIB = 1024;

export function liveness(process: ProcessContext): Promise<number> {
  const startedAt = process.clock.now();
  const seconds = (): number => process.clock.elapsed(startedAt) / 1000;
  serveRoutes(process, 8080, {
    '/started': ({ response }) => text(response, `${seconds()}s`),
    '/healthz': ({ response }) => {
      const isHealthy = seconds() * 1000 <= HEALTHY_MS;
      text(response, isHealthy ? 'ok' : `error: ${seconds()}`, isHealthy ? 200 : 500);
    },
    '/redirect': ({ query, response }) => {
      response.writeHead(302, { Location: query.get('loc') ?? '' }).end();
    },
    '/sleep-headers': async (call) => {
      await process.sleep(number(call, 'time') * 1000);
      text(call.response, `Slept for ${number(call, 'time')} secs\n${body(call)}`, number(call, 'code', 500));
    },
    '/sleep-body': async (call) => {
      call.response.writeHead(number(call, 'code', 500));
      call.response.write(`${body(call)}Sleeping for ${number(call, 'time')} secs\n`);
      await process.sleep(number(call, 'time') * 1000);
      call.response.end(`Slept for ${number(call, 'time')} secs\n`);
    },
    '/slow-response': async (call) => {
      call.response.writeHead(number(call, 'code', 500));
      for (let i = 0; i < number(call, 'size'); i++) {
        await process.sleep(number(call, 'interval') * 1000);
        call.response.write('0'.repeat(KIB));
      }
      call.response.end();
    },
    '/disconnect-headers': ({ response }) => void response.destroy(),
    '/disconnect-body': (call) => {
      call.response.writeHead(number(call, 'code', 500));
      call.response.write(`${body(call)}Disconnecting\n`, () => call.response.destroy());
    },
    '/': ({ response }) => httpError(response, '404 page not found', 404),
  });
  return runUntilKilled(process);
}

function number({ query }: Call, name: string, otherwise = 0): number {
  const value = Number(query.get(name) ?? otherwise);
  return Number.isFinite(value) ? Math.max(0, value) : otherwise;
}

function body(call: Call): string {
  return '0'.repeat(KIB * Math.min(MOST_KIB, number(call, 'size')));
}
