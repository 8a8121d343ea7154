/** An API server in this process behind either broker, and clients of it that travel over the bus. */
import path from 'node:path';
import type { BusConnection, LinkLimits } from '@regatta/bus';
import { clock, connectAs, type ServerKind, type TestServer, temporaryFolder } from '@regatta/bus/testing';
import { ApiClient, BusTransport } from '@regatta/client';
import { silentLogger, systemRandom } from '@regatta/runtime';
import { type ApiServer, startApiServer } from '../../src/api-server.ts';

export interface BusCluster {
  readonly server: ApiServer;
  readonly broker: TestServer;
  /** Folder of the bus's keys. */
  readonly busDir: string;
  /** Kills the broker; `restart` starts it again on the same port. */
  breakBroker(): Promise<void>;
  restartBroker(): Promise<void>;
  connect(user: string, limits?: Partial<LinkLimits>): Promise<BusConnection>;
  client(user: string): Promise<ApiClient>;
  /** One metric of the server's /metrics that has no labels. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

export interface BusClusterOptions {
  /** Bytes that may wait in the broker for one client. */
  readonly maxPending?: number;
  /** The server's own limits of the bus. */
  readonly limits?: Partial<LinkLimits>;
}

export async function startBusCluster(kind: ServerKind, options: BusClusterOptions = {}): Promise<BusCluster> {
  const start = (dir: string, port: number): Promise<TestServer> => kind.start(dir, port, options.maxPending);
  const folder = await temporaryFolder();
  const busDir = path.join(folder.dir, 'bus');
  let broker = await start(busDir, 0);
  const connections: BusConnection[] = [];
  const connect = async (user: string, limits?: Partial<LinkLimits>): Promise<BusConnection> => {
    const connection = await connectAs(busDir, broker.url, user, limits);
    connections.push(connection);
    return connection;
  };
  const server = await startApiServer({
    dataDir: folder.dir,
    port: 0,
    advertiseAddress: '127.0.0.1',
    name: 'test',
    clock,
    random: systemRandom,
    logger: silentLogger,
    connectBus: () => connectAs(busDir, broker.url, 'system:apiserver', options.limits),
  });
  return {
    server,
    get broker() {
      return broker;
    },
    busDir,
    connect,
    breakBroker: () => broker.stop(),
    restartBroker: async () => {
      broker = await start(busDir, broker.port);
    },
    client: async (user) => new ApiClient(new BusTransport(await connect(user)), { userAgent: 'test' }),
    metric: async (name) => {
      const response = await server.pipeline.handle({
        method: 'GET',
        url: '/metrics',
        headers: {},
        credentials: { busUser: 'system:apiserver' },
        certificateRejected: false,
        remoteAddress: '',
        body: () => new Uint8Array(0),
        isGone: () => false,
        signal: new AbortController().signal,
      });
      const text = 'body' in response ? Buffer.concat(response.body).toString() : '';
      const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? [];
      if (value === undefined) throw new Error(`there is no metric ${name}`);
      return Number(value);
    },
    stop: async () => {
      for (const connection of connections) await connection.close();
      await server.stop();
      await broker.stop();
      await folder.remove();
    },
  };
}
