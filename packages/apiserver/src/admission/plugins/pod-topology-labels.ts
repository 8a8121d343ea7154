/**
 * A Pod that is bound to a node carries the node's zone and region as labels
 * (upstream: plugin/pkg/admission/podtopologylabels). Binding copies the Binding's labels to its Pod.
 */
import type { Binding, Pod } from '@regatta/api';
import { NODES } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';

const LABELS = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

export class PodTopologyLabels implements AdmissionPlugin {
  readonly name = 'PodTopologyLabels';

  constructor(private readonly server: Pick<ServerContext, 'get'>) {}

  handles({ operation, group, resource, subresource }: AdmissionAttributes): boolean {
    if (operation !== 'CREATE' || group !== '' || resource !== 'pods') return false;
    return subresource === '' || subresource === 'binding';
  }

  admit(attributes: AdmissionAttributes): void {
    const { object } = attributes;
    const nodeName = attributes.subresource === '' ? (object as Pod).spec.nodeName : targetOf(object as Binding);
    const labels = nodeName ? this.server.get(NODES, '', nodeName)?.metadata.labels : undefined;
    if (!labels || !object) return;
    for (const key of LABELS) {
      const value = labels[key];
      if (value === undefined || object.metadata.labels?.[key] !== undefined) continue;
      object.metadata.labels = { ...object.metadata.labels, [key]: value };
    }
  }
}

function targetOf({ target }: Binding): string | undefined {
  return target.kind === 'Node' ? target.name : undefined;
}
