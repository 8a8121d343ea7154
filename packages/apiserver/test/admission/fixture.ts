/** Admission attributes in few words, and one run of a plugin as the handlers run it. */
import type { KubeObject } from '@regatta/api';
import type { AdmissionAttributes, AdmissionPlugin } from '../../src/admission/mod.ts';
import { user } from '../auth/fixture.ts';

export interface Write {
  /** `CREATE pods`, `UPDATE pods/status`, `DELETE leases.coordination.k8s.io`. */
  readonly what: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly object?: KubeObject;
  readonly oldObject?: KubeObject;
  readonly user?: AdmissionAttributes['user'];
}

export function attributesOf(write: Write): AdmissionAttributes {
  const [operation = '', target = ''] = write.what.split(' ');
  const [full = '', subresource = ''] = target.split('/');
  const dot = full.indexOf('.');
  return {
    operation: operation as AdmissionAttributes['operation'],
    group: dot < 0 ? '' : full.slice(dot + 1),
    version: 'v1',
    resource: dot < 0 ? full : full.slice(0, dot),
    subresource,
    kind: write.kind ?? '',
    namespace: write.namespace ?? '',
    name: write.name ?? write.object?.metadata.name ?? '',
    object: write.object,
    oldObject: write.oldObject,
    user: write.user ?? user('alice'),
    dryRun: false,
    warn: () => {},
  };
}

/** Mutates, then validates, where the plugin handles the write. */
export async function run(plugin: AdmissionPlugin, write: Write): Promise<void> {
  const attributes = attributesOf(write);
  if (!plugin.handles(attributes)) return;
  await plugin.admit?.(attributes);
  await plugin.validate?.(attributes);
}
