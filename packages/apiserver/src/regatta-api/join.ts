/**
 * `POST /regatta/v1/join`: a new machine comes with a join token, says its name and shows a key of its own making, and
 * gets what it needs to be that node: an identity on the bus, the bus's address, an address in the emulated network
 * (upstream's counterpart: TLS bootstrapping, a CertificateSigningRequest by group system:bootstrappers).
 *
 * The same machine may ask as often as it likes; another one with the same token can't have its name (machines.ts).
 */
import { readFile } from 'node:fs/promises';
import { isDNS1123Subdomain, statusErrors } from '@regatta/api';
import { mintCredentials, revokeCredentials } from '@regatta/bus';
import type { ApiCall } from '../server/api-call.ts';
import type { ServerContext } from '../server/context.ts';
import type { FixedResponse, ServerRequest } from '../server/exchange.ts';
import { BodyFields } from './body-fields.ts';
import { admitMachine, type MachineRequest } from './machines.ts';
import type { RegattaRoute } from './route-table.ts';

export const JOIN_PATH = '/regatta/v1/join';

const MIN_KEY = 32;
const MAX_KEY = 256;
const NODE_USER = 'system:node:';

export interface JoinOptions {
  /** Holds the bus account, whose seed signs identities. */
  readonly busDir: string;
  /** Where machines reach the bus. */
  readonly busUrl: string;
}

/** What the machine gets. */
export interface JoinAnswer {
  readonly name: string;
  readonly ip: string;
  readonly bus: { readonly url: string; readonly credentials: string };
}

export function joinRoute(server: ServerContext, options: JoinOptions): RegattaRoute {
  return { method: 'POST', path: JOIN_PATH, serve: ({ call }) => join(server, options, call) };
}

async function join(server: ServerContext, { busDir, busUrl }: JoinOptions, call: ApiCall): Promise<FixedResponse> {
  const request = await readRequest(call.request);
  const { name } = request;
  const { ip, replaces } = await admitMachine(server, request);
  const user = NODE_USER + name;
  // Brokers know of it when they read their configuration again; the newcomer gets another key in any case.
  if (replaces) revokeCredentials(busDir, user, server.clock.now());
  const credentials = await readFile(await mintCredentials(busDir, user), 'utf8');
  server.logger.info('a machine joined', { name, ip, by: call.user.name });
  const answer: JoinAnswer = { name, ip, bus: { url: busUrl, credentials } };
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { code: 200, headers, body: [Buffer.from(JSON.stringify(answer))] };
}

/** @throws StatusError 400, 413 */
async function readRequest(request: ServerRequest): Promise<MachineRequest> {
  const fields = await BodyFields.read(request);
  const name = fields.required('name', fields.string('name'));
  const key = fields.required('key', fields.string('key'));
  fields.done();
  const [problem] = isDNS1123Subdomain(name);
  if (problem !== undefined) throw statusErrors.badRequest(`field "name": ${JSON.stringify(name)}: ${problem}`);
  if (key.length < MIN_KEY || key.length > MAX_KEY) {
    throw statusErrors.badRequest(`field "key" must have from ${MIN_KEY} to ${MAX_KEY} characters`);
  }
  return { name, key };
}
