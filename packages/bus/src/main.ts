#!/usr/bin/env node
/**
 * The broker's process: `main.ts --data-dir DIR [--port 4222] [--host 127.0.0.1]`. It reads what it must trust from
 * DIR/bus, making it when there is none, and serves until it is told to stop.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createLogger, endWithSupervisor, reportProgress, SystemClock, shutdownSignal } from '@regatta/runtime';
import { startBroker } from './broker/broker.ts';
import { createBusAccount } from './identity/account.ts';

const USAGE = 'usage: broker --data-dir DIR [--port PORT] [--host ADDRESS]';

function readArguments(): { dataDir: string; port: number; host: string } {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      port: { type: 'string', default: '4222' },
      host: { type: 'string', default: '127.0.0.1' },
    },
  });
  const dataDir = values['data-dir'];
  const port = Number(values.port);
  if (!dataDir) throw new Error('--data-dir is missing');
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port ${values.port} is not a port`);
  return { dataDir, port, host: values.host };
}

async function main(): Promise<void> {
  const clock = new SystemClock();
  const logger = createLogger({ clock }, { component: 'broker' });
  endWithSupervisor(logger);
  const signal = shutdownSignal(logger);
  const { dataDir, port, host } = readArguments();
  const trust = await createBusAccount(path.join(dataDir, 'bus'));
  const broker = await startBroker({ port, host, trust, clock, logger });
  logger.info('the broker serves', { host, port: broker.port });
  reportProgress({ state: 'ready', detail: `nats://${host}:${broker.port}` });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await broker.close();
  process.exit(0);
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`broker: ${reason}\n${USAGE}\n`);
  reportProgress({ state: 'failed', detail: reason });
  process.exitCode = 1;
});
