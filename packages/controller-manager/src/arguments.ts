/**
 * The controller-manager's command line.
 */
import { parseArgs } from 'node:util';
import { type HealthAddress, parseHealthAddress } from '@regatta/runtime';
import type { NodeLoss } from './node-lifecycle/pod-marker.ts';

export const USAGE =
  'usage: controller-manager --bus nats://HOST:PORT --credentials FILE [--root-ca-file FILE] [--service-account-private-key-file FILE] [--cluster-signing-cert-file FILE --cluster-signing-key-file FILE] [--node-loss unknown|upstream] [--cluster-cidr 10.244.0.0/16] [--health-address HOST:PORT]';

export interface ManagerArguments {
  readonly bus: string;
  readonly credentials: string;
  /** Without it no kube-root-ca.crt is published. */
  readonly rootCaFile: string | undefined;
  /** Without them no certificate request is signed. */
  readonly tokenKeyFile: string | undefined;
  readonly signing: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly nodeLoss: NodeLoss;
  readonly clusterCidr: string;
  readonly healthAddress: HealthAddress | undefined;
}

/** @throws Error whose message says what is wrong */
export function parseArguments(args: readonly string[]): ManagerArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      bus: { type: 'string' },
      credentials: { type: 'string' },
      'root-ca-file': { type: 'string' },
      'service-account-private-key-file': { type: 'string' },
      'cluster-signing-cert-file': { type: 'string' },
      'cluster-signing-key-file': { type: 'string' },
      'node-loss': { type: 'string', default: 'unknown' },
      'cluster-cidr': { type: 'string', default: '10.244.0.0/16' },
      'health-address': { type: 'string' },
    },
  });
  const { bus, credentials, 'root-ca-file': rootCaFile, 'cluster-cidr': clusterCidr } = values;
  if (bus === undefined || credentials === undefined) throw new Error('--bus and --credentials are needed');
  const signing = signingFiles(values['cluster-signing-cert-file'], values['cluster-signing-key-file']);
  const health = values['health-address'];
  const healthAddress = health === undefined ? undefined : parseHealthAddress(health);
  return {
    bus,
    credentials,
    rootCaFile,
    tokenKeyFile: values['service-account-private-key-file'],
    signing,
    nodeLoss: nodeLossOf(values['node-loss']),
    clusterCidr,
    healthAddress,
  };
}

function signingFiles(certFile: string | undefined, keyFile: string | undefined): ManagerArguments['signing'] {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  throw new Error('--cluster-signing-cert-file and --cluster-signing-key-file are needed both');
}

function nodeLossOf(text: string): NodeLoss {
  if (text === 'unknown' || text === 'upstream') return text;
  throw new Error(`--node-loss is "unknown" or "upstream", not "${text}"`);
}
