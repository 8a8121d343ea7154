#!/usr/bin/env node
/**
 * The broker's process: `main.ts --data-dir DIR [--port 4222] [--host 127.0.0.1]`. It reads what it must trust from
 * DIR/bus, making it when there is none, and serves until it is told to stop. SIGHUP: it reads again whom to trust.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  createLogger,
  endWithSupervisor,
  type Logger,
  reportProgress,
  SystemClock,
  shutdownSignal,
} from '@regatta/runtime';
import { type Broker, startBroker } from './broker/broker.ts';
import { createBusAccount, readBusTrust } from './identity/account.ts';

const USAGE = 'usage: broker --data-dir DIR [--port PORT] [--host ADDRESS]';

class UsageError extends Error {}

function readArguments(): { dataDir: string; port: number; host: string } {
  const { 'data-dir': dataDir, port: portText, host } = parse();
  const port = Number(portText);
  if (!dataDir) throw new UsageError('--data-dir is missing');
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new UsageError(`--port ${portText} is not a port`);
  return { dataDir, port, host };
}

function parse(): { 'data-dir'?: string; port: string; host: string } {
  try {
    return parseArgs({
      options: {
        'data-dir': { type: 'string' },
        port: { type: 'string', default: '4222' },
        host: { type: 'string', default: '127.0.0.1' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const clock = new SystemClock();
  const logger = createLogger({ clock }, { component: 'broker' });
  const { dataDir, port, host } = readArguments();
  endWithSupervisor(logger);
  const signal = shutdownSignal(logger);
  const trust = await createBusAccount(path.join(dataDir, 'bus'));
  const broker = await startBroker({ port, host, trust, clock, logger });
  logger.info('the broker serves', { host, port: broker.port });
  // As nats-server does: it reads again whom to trust.
  process.on('SIGHUP', () => void readTrustAgain(broker, path.join(dataDir, 'bus'), logger));
  reportProgress({ state: 'ready', detail: `nats://${host}:${broker.port}` });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await broker.close();
  process.exit(0);
}

async function readTrustAgain(broker: Broker, dir: string, logger: Logger): Promise<void> {
  try {
    broker.setTrust(await readBusTrust(dir));
    logger.info('whom to trust was read again');
  } catch (error) {
    logger.error('whom to trust could not be read again; what was known stays', { error });
  }
}

main().catch((error: unknown) => {
  const reason = sentence(error);
  process.stderr.write(`broker: ${reason}\n`);
  reportProgress({ state: 'failed', detail: reason });
  process.exitCode = 1;
});

function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') return `${error.message.replace(/^.*in use /, '')} is taken`;
  return error instanceof UsageError ? `${error.message}\n${USAGE}` : error.message;
}
