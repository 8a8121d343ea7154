/**
 * A whole apiserver on a temporary folder, and a client that shows raw answers.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, SystemClock, silentLogger, systemRandom } from '@regatta/runtime';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../src/api-server.ts';

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Asked {
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** No client certificate. */
  readonly anonymous?: boolean;
}

export interface RunningServer {
  readonly server: ApiServer;
  request(method: string, path: string, asked?: Asked): Promise<Answer>;
  /** The answer's JSON, whatever its code. */
  json(method: string, path: string, asked?: Asked): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export async function runServer(
  logger: Logger = silentLogger,
  more: (dataDir: string) => Promise<Partial<ApiServerOptions>> = async () => ({}),
): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'regatta-apiserver-'));
  const server = await startApiServer({
    dataDir,
    port: 0,
    advertiseAddress: '127.0.0.1',
    name: 'test',
    clock: new SystemClock(),
    random: systemRandom,
    logger,
    ...(await more(dataDir)),
  });
  const { admin, ca } = server.pki;
  const known = new https.Agent({ keepAlive: true, ca: ca.certificate, cert: admin.certificate, key: admin.key });
  const unknown = new https.Agent({ keepAlive: true, ca: ca.certificate });
  const request = (method: string, path: string, asked: Asked = {}): Promise<Answer> =>
    send(server.port, asked.anonymous ? unknown : known, method, path, asked);
  return {
    server,
    request,
    json: async (method, path, asked) =>
      JSON.parse((await request(method, path, asked)).text) as Record<string, unknown>,
    stop: async () => {
      await server.stop();
      known.destroy();
      unknown.destroy();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function send(port: number, agent: https.Agent, method: string, path: string, asked: Asked): Promise<Answer> {
  const { body } = asked;
  const payload = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const headers = {
    accept: asked.accept ?? 'application/json',
    ...(payload ? { 'content-type': asked.type ?? 'application/json', 'content-length': payload.length } : {}),
    ...asked.headers,
  };
  return new Promise((resolve, reject) => {
    const message = https.request(
      { agent, host: '127.0.0.1', port, method, path: path.replaceAll(' ', '%20'), headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ code: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }),
        );
        answer.on('error', reject);
      },
    );
    message.on('error', reject);
    message.end(payload);
  });
}

/** An upstream cluster puts these into each new namespace; here nobody does. */
export async function prepareNamespace(running: RunningServer, name: string): Promise<void> {
  await running.request('POST', '/api/v1/namespaces', { body: { metadata: { name } } });
  await running.request('POST', `/api/v1/namespaces/${name}/serviceaccounts`, {
    body: { metadata: { name: 'default' } },
  });
}
