/**
 * `regatta invite`: lets people in, lists them, shows them out.
 */
import os from 'node:os';
import path from 'node:path';
import { isNotFound } from '@regatta/api';
import { type ApiClient, resources } from '@regatta/client';
import { formatDuration, printable } from '@regatta/runtime';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';
import { table } from '../table.ts';
import { guestKubeconfig, SERVER_NAME, writePrivately } from '../workshop/guest-kubeconfig.ts';
import { linkText, pinOf, readServerUrl } from '../workshop/join-link.ts';
import { withCluster } from '../workshop/reach.ts';

const GUESTS = '/regatta/v1/guests';
const LOOPBACK = /^(localhost|127\..*|\[::1\])$/;

export interface InviteOptions {
  readonly team?: string;
  readonly can?: readonly string[];
  /** Real milliseconds. */
  readonly ttl?: number;
  /** Where guests reach the API server. */
  readonly url?: string;
  readonly out?: string;
}

interface Guest {
  readonly name: string;
  readonly namespace: string;
  readonly team?: string;
  readonly can: readonly string[];
  readonly expires: string;
  readonly joinedAt?: string;
  readonly linkExpires?: string;
}

type Invited = Guest & {
  readonly cluster: string;
  readonly ca: string;
  readonly token: string;
  readonly linkSecret: string;
};

/** `regatta invite <name>`. */
export function invite(environment: Environment, name: string, options: InviteOptions): Promise<number> {
  const { layout } = environment;
  const wanted = options.url === undefined ? undefined : readServerUrl(options.url);
  return withCluster(layout, async ({ client, url: known }) => {
    const { team, can, ttl } = options;
    const body = {
      name,
      ...(team === undefined ? {} : { team }),
      ...(can === undefined ? {} : { can }),
      ...(ttl === undefined ? {} : { ttl: formatDuration(ttl) }),
    };
    const invited = (await client.request({ method: 'POST', url: GUESTS, body })) as Invited;
    const url = wanted ?? known;
    const file = path.resolve(environment.io.cwd, options.out ?? defaultFile(environment, name));
    // The guest's own command finds out by which name the server goes; a file has to say one that always fits.
    const serverName = wanted === undefined ? undefined : SERVER_NAME;
    const written = tryWrite(environment, file, guestKubeconfig({ ...invited, url, serverName }));
    const pin = pinOf(invited.ca);
    if (pin === undefined) throw new CliError('The server sent no certificate of its authority.');
    printInvitation(environment, invited, linkText({ url, name, secret: invited.linkSecret, pin }), written);
    if (wanted === undefined && LOOPBACK.test(new URL(url).hostname)) printWayIn(environment, url);
    return 0;
  });
}

/** Without a place for the file there is still the link. @returns the file that was written */
function tryWrite({ io }: Environment, file: string, text: string): string | undefined {
  try {
    writePrivately(file, text);
    return file;
  } catch (error) {
    io.warn(
      `The kubeconfig can't be written (${error instanceof Error ? error.message : String(error)}); --out names another place.`,
    );
    return undefined;
  }
}

function defaultFile({ layout }: Environment, name: string): string {
  return layout.kubeconfigNamed ? `${name}.kubeconfig` : path.join(layout.dataDir, 'guests', `${name}.kubeconfig`);
}

function printInvitation({ io }: Environment, guest: Invited, link: string, file: string | undefined): void {
  const powers = guest.can.length === 0 ? '' : `, and has the powers ${guest.can.join(', ')}`;
  io.print(
    `${guest.name} may edit namespace ${guest.namespace} and look at the rest until ${local(guest.expires)}${powers}.`,
  );
  io.print();
  io.print(`Hand over one line; it works once, until ${local(guest.linkExpires ?? guest.expires)}:`);
  io.print(`  ${io.style('strong', `npx regatta join '${link}'`)}`);
  if (file !== undefined) {
    io.print('Or, for plain kubectl, the kubeconfig:');
    io.print(`  ${io.style('strong', file)}`);
  }
  io.print();
  io.print(
    io.style(
      'dim',
      `\`regatta invite --revoke ${guest.name}\` ends it at once; \`regatta feed -f\` shows what everybody does.`,
    ),
  );
}

/** A link to 127.0.0.1 is of no use elsewhere. */
function printWayIn({ io }: Environment, url: string): void {
  const addresses = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '<this machine>';
  io.warn(
    `This link works on this machine only. For guests elsewhere: --url https://${outside}:${new URL(url).port || '443'} (an address at which they reach the API server).`,
  );
}

/** `regatta invite --list`. */
export function listGuests({ io, layout, clock }: Environment): Promise<number> {
  return withCluster(layout, async ({ client }) => {
    const { guests } = (await client.request({ method: 'GET', url: GUESTS })) as { guests: Guest[] };
    if (guests.length === 0) {
      io.print('Nobody is invited. `regatta invite <name>` lets somebody in.');
      return 0;
    }
    const rows = guests.map((guest) => [
      guest.name,
      guest.namespace,
      guest.can.join(',') || '-',
      stateOf(guest, clock.now()),
      local(guest.expires),
    ]);
    io.print(table(['GUEST', 'NAMESPACE', 'CAN', 'STATE', 'UNTIL'], rows));
    return 0;
  });
}

function stateOf({ joinedAt, expires, linkExpires }: Guest, now: number): string {
  if (Date.parse(expires) <= now) return 'over';
  if (joinedAt !== undefined) return 'joined';
  return linkExpires !== undefined && Date.parse(linkExpires) > now ? 'invited' : 'link is over';
}

/** `regatta invite --revoke <name>`. */
export function revokeGuest({ io, layout }: Environment, name: string, removeObjects: boolean): Promise<number> {
  return withCluster(layout, async ({ client }) => {
    const { namespace, team } = await remove(client, name);
    io.print(`${printable(name)} is out: identity and rights are gone, open watches and terminals are cut.`);
    if (!removeObjects) {
      io.print(
        io.style(
          'dim',
          `What is in namespace ${namespace} stays; \`kubectl delete namespace ${namespace}\` removes it.`,
        ),
      );
      return 0;
    }
    if (team !== undefined)
      throw new CliError(
        `Namespace ${namespace} is team ${team}'s, and stays. \`kubectl delete namespace ${namespace}\` removes it.`,
      );
    try {
      await client.resource(resources.namespaces).delete(namespace);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    io.print(`Namespace ${namespace} is being removed.`);
    return 0;
  });
}

/** @throws CliError when there is no such guest */
async function remove(client: ApiClient, name: string): Promise<Guest> {
  try {
    return (await client.request({ method: 'DELETE', url: `${GUESTS}/${encodeURIComponent(name)}` })) as Guest;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new CliError(`Nobody is invited as "${name}"; \`regatta invite --list\` shows who is.`, 1, { cause: error });
  }
}

/** `21 Nov, 18:30` of this machine, from RFC 3339. */
function local(time: string): string {
  const at = new Date(time);
  return `${at.toDateString().slice(4, 10)}, ${at.toTimeString().slice(0, 5)}`;
}
