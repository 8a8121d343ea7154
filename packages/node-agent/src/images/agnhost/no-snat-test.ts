/**
 * agnhost no-snat-test: asks others under which address they see this Pod (upstream: test/images/agnhost/no-snat-test).
 */
import { isIPv4 } from 'node:net';
import type { ProcessContext } from '../../runtime/process/process-context.ts';
import { parseFlags } from './flags.ts';
import { type Call, runUntilKilled, serveRoutes, text } from './go-server.ts';
import { goError, httpGet } from './http-get.ts';

/** Others that are asked for one request. */
const MOST_ADDRESSES = 1000;

export async function noSnatTest(process: ProcessContext): Promise<number> {
  for (const name of ['POD_IP', 'NODE_IP']) {
    const problem = problemOf(name, process.env.get(name));
    if (problem === undefined) continue;
    await process.printError(`${problem}\n`);
    return 1;
  }
  serveRoutes(process, parseFlags(process.argv.slice(2)).number('port', 8080), {
    '/whoami': ({ request, response }) =>
      text(response, `${request.socket.remoteAddress}:${request.socket.remotePort}`),
    '/checknosnat': (call) => checkAll(process, call),
  });
  return runUntilKilled(process);
}

function problemOf(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return `${name} env var was not present in the environment`;
  return isIPv4(value) ? undefined : `${name} env var contained ${JSON.stringify(value)}, which is not an IP address`;
}

async function checkAll(process: ProcessContext, { query, response }: Call): Promise<void> {
  const problems: string[] = [];
  for (const address of (query.get('ips') ?? '').split(',').slice(0, MOST_ADDRESSES)) {
    const problem = await check(process, address);
    if (problem !== undefined) problems.push(problem);
  }
  text(response, problems.join(', '), problems.length === 0 ? 200 : 500);
}

/** Undefined when that address sees this Pod as itself. */
async function check(process: ProcessContext, address: string): Promise<string | undefined> {
  const [pod = '', node = ''] = ['POD_IP', 'NODE_IP'].map((name) => process.env.get(name));
  const url = `http://${address}/whoami`;
  try {
    const seen = (await httpGet(process, url)).split(':')[0] ?? '';
    if (seen === pod) return undefined;
    if (seen === node) return `Returned ip "${seen}" != my Pod ip "${pod}", == my Node ip "${node}" - SNAT`;
    return `Returned ip "${seen}" != my Pod ip "${pod}" or my Node ip "${node}" - SNAT to unexpected ip (possible SNAT through unexpected interface on the way into another node)`;
  } catch (error) {
    return `Get "${url}": ${goError(error, 'tcp', address)}`;
  }
}
