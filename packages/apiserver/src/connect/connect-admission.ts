/**
 * Admission of what reaches into Pods and nodes: operation CONNECT, with the options that the query says
 * (upstream: ConnectResource in staging/src/k8s.io/apiserver/pkg/endpoints/handlers/rest.go).
 */
import type { KubeObject } from '@regatta/api';
import type { AdmissionAttributes } from '../admission/admission.ts';
import type { AdmissionChain } from '../registry/admission-chain.ts';
import type { ApiCall } from '../server/api-call.ts';
import { queryFlag, type RequestInfo } from '../server/request-info.ts';

const KINDS: Readonly<Record<string, string>> = {
  'pods/exec': 'PodExecOptions',
  'pods/attach': 'PodAttachOptions',
  'pods/portforward': 'PodPortForwardOptions',
  'pods/proxy': 'PodProxyOptions',
  'services/proxy': 'ServiceProxyOptions',
  'nodes/proxy': 'NodeProxyOptions',
};

/** @throws StatusError of the first plugin that refuses */
export async function admitConnect(
  admission: Pick<AdmissionChain, 'mutate' | 'validate'>,
  call: ApiCall,
): Promise<void> {
  const { info, user, warnings } = call;
  const { group, version, resource, subresource, namespace, name } = info;
  const kind = KINDS[`${resource}/${subresource}`] ?? '';
  const attributes: AdmissionAttributes = {
    operation: 'CONNECT',
    group,
    version,
    resource,
    subresource,
    kind,
    namespace,
    name,
    object: optionsOf(kind, info),
    oldObject: undefined,
    user,
    dryRun: false,
    warn: (text) => void warnings.push(text),
  };
  await admission.mutate(attributes);
  await admission.validate(attributes);
}

function optionsOf(kind: string, info: RequestInfo): KubeObject {
  const { query } = info;
  const options: Record<string, unknown> = { kind, apiVersion: 'v1' };
  if (info.subresource === 'proxy') options['path'] = `/${info.rest.join('/')}`;
  else if (info.subresource === 'portforward') options['ports'] = query.getAll('ports').flatMap(portsOf);
  else {
    for (const flag of ['stdin', 'stdout', 'stderr', 'tty']) if (queryFlag(query, flag)) options[flag] = true;
    const container = query.get('container');
    if (container) options['container'] = container;
    if (info.subresource === 'exec') options['command'] = query.getAll('command');
  }
  // Options are no objects of the API: they have a kind and no metadata.
  return options as unknown as KubeObject;
}

function portsOf(text: string): number[] {
  return text
    .split(',')
    .map(Number)
    .filter((port) => Number.isInteger(port));
}
