/**
 * Which cluster a command is for: the one of the supervisor on this data folder; otherwise the one of a kubeconfig, named
 * by --kubeconfig or REGATTA_KUBECONFIG or lying in the data folder.
 */
import fs from 'node:fs';
import { CliError } from '../cli-error.ts';
import type { Environment } from '../environment.ts';
import { tryAsk } from '../supervisor/control-client.ts';
import type { ClusterControl } from './cluster-control.ts';
import { LocalControl } from './local-control.ts';
import { RemoteControl } from './remote-control.ts';

/** @throws CliError when there is no cluster */
export async function openControl({ layout, clock }: Environment): Promise<ClusterControl> {
  if (layout.kubeconfigNamed) return new RemoteControl(layout, clock);
  if (await tryAsk(layout, { op: 'status' })) return new LocalControl(layout);
  // A folder that a supervisor made, and none runs: the cluster is stopped, wherever its kubeconfig points.
  if (fs.existsSync(layout.kubeconfig) && !fs.existsSync(layout.clusterFile)) return new RemoteControl(layout, clock);
  throw new CliError(
    `No cluster runs on ${layout.dataDir}. Start one with \`regatta up -d\`, or name its folder with --data-dir or its kubeconfig with --kubeconfig.`,
  );
}

/** Opens the cluster for one command. */
export async function withControl<T>(
  environment: Environment,
  act: (control: ClusterControl) => Promise<T>,
): Promise<T> {
  const control = await openControl(environment);
  try {
    return await act(control);
  } finally {
    control.close();
  }
}
