/**
 * The apiserver process.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type ConnectBusOptions, connectBus, processControl } from '@regatta/bus';
import {
  createLogger,
  endWithSupervisor,
  reportProgress,
  SystemClock,
  shutdownSignal,
  systemRandom,
} from '@regatta/runtime';
import { type ApiServerOptions, startApiServer } from './api-server.ts';
import { AUDIT_FLAGS, type AuditSettings, auditSettings } from './audit/mod.ts';
import { readJoinToken } from './regatta-api/join-token.ts';

const BUS_USER = 'system:apiserver';
/** Bundled next to this program. */
const FREEZER = fileURLToPath(new URL('./freezer.mjs', import.meta.url));

const FIELD_DOCS = fileURLToPath(new URL('./field-docs.json', import.meta.url));

const USAGE =
  'usage: apiserver --data-dir DIR [--port 6443] [--advertise-address 127.0.0.1] [--name regatta] [--speed N] [--bus URL --credentials FILE [--join-token-file FILE]] [--audit-log-path FILE [--audit-policy-file FILE] [--audit-log-maxsize MB] [--audit-log-maxbackup N] [--audit-log-maxage DAYS]]';

const clock = new SystemClock();
const logger = createLogger({ clock }, { component: 'apiserver' });

// The last line: a defect in what one client asked for must not end everybody's API server. Each is logged as an error.
process.on('unhandledRejection', (error) => logger.error('nobody waited for what failed', { error }));

interface Flags {
  readonly dataDir: string;
  readonly port: number;
  readonly advertiseAddress: string;
  readonly name: string;
  readonly speed: number | undefined;
  readonly bus: { readonly url: string; readonly credentials: string } | undefined;
  /** What machines join with over HTTPS. */
  readonly joinTokenFile: string | undefined;
  readonly audit: AuditSettings | undefined;
}

/** @throws TypeError, AuditPolicyError with a sentence for the person who typed */
async function readFlags(): Promise<Flags> {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string' },
      port: { type: 'string', default: '6443' },
      'advertise-address': { type: 'string', default: '127.0.0.1' },
      name: { type: 'string', default: 'regatta' },
      speed: { type: 'string' },
      bus: { type: 'string' },
      credentials: { type: 'string' },
      'join-token-file': { type: 'string' },
      ...AUDIT_FLAGS,
    },
  });
  if (!values['data-dir']) throw new TypeError('--data-dir is required');
  if ((values.bus === undefined) !== (values.credentials === undefined)) {
    throw new TypeError('--bus and --credentials come together');
  }
  if (values['join-token-file'] !== undefined && values.bus === undefined) {
    throw new TypeError('--join-token-file needs --bus: machines join the bus');
  }
  return {
    dataDir: values['data-dir'],
    port: number('port', values.port, 0, 65_535),
    advertiseAddress: values['advertise-address'],
    name: values.name,
    speed: values.speed === undefined ? undefined : number('speed', values.speed, 0, 1000),
    bus: values.bus && values.credentials ? { url: values.bus, credentials: values.credentials } : undefined,
    joinTokenFile: values['join-token-file'],
    audit: await auditSettings(values),
  };
}

function number(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new TypeError(`--${flag} must be a number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

async function run(): Promise<void> {
  const flags = await readFlags();
  const stop = shutdownSignal(logger);
  endWithSupervisor(logger);
  const started = clock.monotonic();
  const { bus } = flags;
  const connect = bus && (() => connectBus({ ...busOptions(bus), signal: stop }));
  const server = await startApiServer({
    dataDir: flags.dataDir,
    port: flags.port,
    advertiseAddress: flags.advertiseAddress,
    name: flags.name,
    clock,
    random: systemRandom,
    logger,
    fieldDocs: FIELD_DOCS,
    ...(flags.speed === undefined ? {} : { speed: flags.speed }),
    ...(flags.audit ? { audit: flags.audit } : {}),
    ...(connect ? { connectBus: connect } : {}),
    ...(bus ? { join: await joinOptions(flags, bus.url) } : {}),
  });
  logger.info('ready', { url: server.url, ms: Math.round(clock.monotonic() - started) });
  reportProgress({ state: 'ready', detail: server.url });
  await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  await server.stop();
}

async function joinOptions({ dataDir, joinTokenFile }: Flags, busUrl: string): Promise<ApiServerOptions['join']> {
  const busDir = join(dataDir, 'bus');
  return { busDir, busUrl, ...(joinTokenFile === undefined ? {} : { token: await readJoinToken(joinTokenFile) }) };
}

function busOptions({ url, credentials }: NonNullable<Flags['bus']>): Omit<ConnectBusOptions, 'signal'> {
  const control = processControl({ freezer: FREEZER, bus: url, credentials, user: BUS_USER, logger });
  return { servers: url, credentialsFile: credentials, user: BUS_USER, clock, logger, random: systemRandom, control };
}

run().catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  logger.error('the apiserver cannot go on', { error });
  reportProgress({ state: 'failed', detail: message });
  if (error instanceof TypeError) process.stderr.write(`${message}\n${USAGE}\n`);
  process.exit(1);
});
