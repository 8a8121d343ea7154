/**
 * `regatta node …` and `regatta component …`: switching machines and processes off and on.
 */
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';
import { ask } from '../supervisor/control-client.ts';
import type { ControlRequest } from '../supervisor/control-protocol.ts';
import { clusterStatus } from './status.ts';

export type Kind = 'node' | 'component';

/** Does `op` to a machine or a component, after making sure that it is one. */
export async function act(
  environment: Environment,
  kind: Kind,
  op: 'kill' | 'start' | 'reboot',
  name: string,
): Promise<number> {
  const { processes } = await clusterStatus(environment);
  const ofKind = processes.filter((process) => (process.role === 'node-agent') === (kind === 'node'));
  if (!ofKind.some((process) => process.name === name)) {
    throw new CliError(
      `There is no ${kind} "${name}". There are: ${ofKind.map((process) => process.name).join(', ')}.`,
    );
  }
  return send(environment, { op, process: name });
}

export async function addNode(environment: Environment, name: string | undefined): Promise<number> {
  return send(environment, { op: 'add-node', ...(name === undefined ? {} : { name }) });
}

export async function removeNode(environment: Environment, name: string): Promise<number> {
  return send(environment, { op: 'remove-node', name });
}

async function send({ io, layout }: Environment, request: ControlRequest): Promise<number> {
  const { message } = await ask(layout, request);
  if (message) io.print(message);
  return 0;
}
