/**
 * The supervisor's ear: a Unix socket in the data folder. Holding it is what makes a second start on the same folder fail.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { Clock } from '@regatta/runtime';
import { CliError } from '../cli-error.ts';
import type { Layout } from '../layout.ts';
import { tryAsk } from './control-client.ts';
import type { ControlAnswer, ControlRequest } from './control-protocol.ts';
import { takeTurn } from './start-turn.ts';

const LARGEST_REQUEST = 64 * 1024;

export interface ControlServer {
  close(): void;
}

/**
 * Listens, after making sure that nobody else does.
 * @throws CliError when a cluster already runs on this data folder
 */
export async function startControlServer(
  layout: Layout,
  handle: (request: ControlRequest) => Promise<ControlAnswer>,
  clock: Clock,
): Promise<ControlServer> {
  fs.mkdirSync(path.dirname(layout.controlSocket), { recursive: true, mode: 0o700 });
  const server = http.createServer((request, response) => void answer(request, response, handle));
  const turn = await takeTurn(layout.controlSocket, clock);
  try {
    await takeSocket(server, layout);
  } finally {
    turn.end();
  }
  fs.chmodSync(layout.controlSocket, 0o600);
  return {
    close: () => {
      server.close();
      server.closeAllConnections();
      fs.rmSync(layout.controlSocket, { force: true });
    },
  };
}

/** Only a socket that nobody answers on is taken away: of two starts at once one gets it. */
async function takeSocket(server: http.Server, layout: Layout): Promise<void> {
  if (await listens(server, layout.controlSocket)) return;
  await refuseSecond(layout);
  fs.rmSync(layout.controlSocket, { force: true });
  if (await listens(server, layout.controlSocket)) return;
  await refuseSecond(layout);
  throw new CliError(`Somebody else is starting a cluster on ${layout.dataDir}. Try again in a moment.`);
}

/** False when the path is taken. */
function listens(server: http.Server, socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    server.once('error', onError);
    server.listen(socket, () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}

async function refuseSecond(layout: Layout): Promise<void> {
  const other = await tryAsk(layout, { op: 'status' });
  if (!other) return;
  const pid = other.ok && other.status ? ` (process ${other.status.pid})` : '';
  throw new CliError(
    `A cluster already runs on ${layout.dataDir}${pid}. \`regatta status\` shows it, \`regatta down\` stops it; another one needs its own --data-dir and --port.`,
  );
}

async function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  handle: (request: ControlRequest) => Promise<ControlAnswer>,
): Promise<void> {
  let result: ControlAnswer;
  try {
    result = await handle(JSON.parse(await readBody(request)) as ControlRequest);
  } catch (error) {
    result = { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(result));
}

async function readBody(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_REQUEST) throw new CliError('The request is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
