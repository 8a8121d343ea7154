/**
 * Keeps writes out of namespaces that don't exist or are going away
 * (upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle). The view of storage is always current,
 * so nothing is waited for and nothing looked up twice.
 */
import { statusErrors } from '@regatta/api';
import { NAMESPACES } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, withCause } from '../admission-error.ts';

const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

export class NamespaceLifecycle implements AdmissionPlugin {
  readonly name = 'NamespaceLifecycle';

  constructor(private readonly server: Pick<ServerContext, 'get'>) {}

  handles(attributes: AdmissionAttributes): boolean {
    if (isNamespace(attributes)) return attributes.operation === 'DELETE' && attributes.subresource === '';
    return attributes.namespace !== '' && (attributes.operation === 'CREATE' || attributes.operation === 'UPDATE');
  }

  admit(attributes: AdmissionAttributes): void {
    if (isNamespace(attributes)) {
      if (!IMMORTAL.has(attributes.name)) return;
      throw statusErrors.forbidden(NAMESPACES, attributes.name, 'this namespace may not be deleted');
    }
    // Telling whether the namespace exists would tell those who may not know.
    if (attributes.group === 'authorization.k8s.io' && attributes.resource === 'localsubjectaccessreviews') return;
    const namespace = this.server.get(NAMESPACES, '', attributes.namespace);
    if (!namespace) throw statusErrors.notFound(NAMESPACES, attributes.namespace);
    if (attributes.operation === 'CREATE' && namespace.status?.phase === 'Terminating') throw terminating(attributes);
  }
}

function isNamespace(attributes: AdmissionAttributes): boolean {
  return attributes.group === '' && attributes.resource === 'namespaces';
}

function terminating(attributes: AdmissionAttributes): Error {
  const { namespace } = attributes;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  return withCause(admissionForbidden(attributes, why), {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  });
}
