/**
 * `regatta join <link>`: a guest comes in, on any machine, and has a kubeconfig afterwards.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { StatusError } from '@regatta/api';
import { ApiClient, HttpTransport } from '@regatta/client';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';
import { type GuestAccess, guestKubeconfig, writePrivately } from '../workshop/guest-kubeconfig.ts';
import { type JoinLink, readLink } from '../workshop/join-link.ts';
import { type PinnedServer, pinnedServer } from '../workshop/pinned-server.ts';
import { reached } from '../workshop/reach.ts';

export interface JoinOptions {
  readonly out?: string;
  readonly force?: boolean;
}

type Accepted = Omit<GuestAccess, 'url' | 'serverName' | 'ca'> & { readonly can: readonly string[] };

export async function join({ io }: Environment, text: string, options: JoinOptions): Promise<number> {
  const link = readLink(text);
  const home = io.env['HOME'] ?? os.homedir();
  const file = path.resolve(io.cwd, options.out ?? path.join(home, '.kube', `regatta-${link.name}`));
  // Before the link is used up.
  if (options.out !== undefined && fs.existsSync(file) && !options.force)
    throw new CliError(`${file} is there already; --force replaces it.`, 2);
  const server = await pinnedServer(link.url, link.pin);
  const guest = await accept(link, server);
  writePrivately(file, guestKubeconfig({ ...guest, ...server, url: link.url }));
  const powers = guest.can.length === 0 ? '' : ` You have the powers ${guest.can.join(', ')}.`;
  io.print(`You are ${guest.name} in cluster "${guest.cluster}", at home in namespace ${guest.namespace}.${powers}`);
  io.print();
  io.print('Try next:');
  io.print(`  export KUBECONFIG=${shellWord(file)} REGATTA_KUBECONFIG=${shellWord(file)}`);
  io.print('  kubectl create deployment web --image=nginx && kubectl get pods --watch');
  io.print('  npx regatta feed -f        who does what, and what the cluster does about it');
  io.print('  npx regatta live           nodes, Pods and feed on one screen');
  return 0;
}

async function accept({ url, name, secret }: JoinLink, { ca, serverName }: PinnedServer): Promise<Accepted> {
  const token = `rgi.${name}.${secret}`;
  const transport = new HttpTransport({ url, ca, token, ...(serverName === undefined ? {} : { serverName }) });
  const client = new ApiClient(transport, { userAgent: 'regatta' });
  try {
    return (await reached(url, () => client.request({ method: 'POST', url: '/regatta/v1/guests/accept' }))) as Accepted;
  } catch (error) {
    if (!(error instanceof CliError && error.cause instanceof StatusError && error.cause.status.code === 401))
      throw error;
    throw new CliError(
      `This link was used already, or its time is over. The host makes a new one: \`regatta invite ${name}\`.`,
      1,
      {
        cause: error,
      },
    );
  } finally {
    await transport.close();
  }
}

function shellWord(text: string): string {
  return /^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
