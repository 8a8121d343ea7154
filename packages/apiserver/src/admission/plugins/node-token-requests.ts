/**
 * Nodes get tokens only for Pods that run on them, and only for audiences that such a Pod uses
 * (upstream: plugin/pkg/admission/noderestriction/admission.go admitServiceAccount, validateNodeServiceAccountAudience).
 */
import {
  type CSIDriver,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceRef,
  statusErrors,
  type TokenRequest,
  type Volume,
} from '@regatta/api';
import type { Authorizer } from '../../auth/identity.ts';
import { PERSISTENT_VOLUMES, PODS } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { admissionForbidden } from '../admission-error.ts';

type Lookup = Pick<ServerContext, 'get'>;

const CLAIMS: ResourceRef<PersistentVolumeClaim> = {
  group: '',
  version: 'v1',
  resource: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  namespaced: true,
};
const CSI_DRIVERS: ResourceRef<CSIDriver> = {
  group: 'storage.k8s.io',
  version: 'v1',
  resource: 'csidrivers',
  kind: 'CSIDriver',
  namespaced: false,
};

/** @throws StatusError 403, 404 (the Pod) */
export function restrictTokenRequest(
  server: Lookup,
  authorizer: Authorizer,
  node: string,
  a: AdmissionAttributes,
): void {
  if (a.operation !== 'CREATE' || a.subresource !== 'token') return;
  // A TokenRequest has the shape that is needed here and arrives as whatever its subresource decodes.
  const { spec } = a.object as TokenRequest;
  const ref = spec.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
    throw admissionForbidden(a, 'node requested token not bound to a pod');
  }
  if (!ref.uid) throw admissionForbidden(a, 'node requested token with a pod binding without a uid');
  const pod = server.get(PODS, a.namespace, ref.name);
  if (!pod) throw statusErrors.notFound(PODS, ref.name);
  if (ref.uid !== pod.metadata.uid) {
    throw admissionForbidden(
      a,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec.nodeName !== node) {
    throw admissionForbidden(a, 'node requested token bound to a pod scheduled on a different node');
  }
  restrictAudience(server, authorizer, a, pod, spec.audiences ?? []);
}

function restrictAudience(
  server: Lookup,
  authorizer: Authorizer,
  a: AdmissionAttributes,
  pod: Pod,
  audiences: readonly string[],
): void {
  if (audiences.length > 1) throw admissionForbidden(a, 'node may only request 0 or 1 audiences');
  const [audience = ''] = audiences;
  if (pod.spec.volumes?.some((volume) => audiencesOf(server, pod, volume).includes(audience))) return;
  const decision = authorizer.authorize({
    user: a.user,
    verb: 'request-serviceaccounts-token-audience',
    isResource: true,
    path: '',
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
    namespace: a.namespace,
    name: a.name,
  });
  if (decision.verdict === 'allow') return;
  throw admissionForbidden(
    a,
    `audience ${JSON.stringify(audience)} not found in pod spec volume, ${a.user.name} is not authorized to request tokens for this audience`,
  );
}

function audiencesOf(server: Lookup, pod: Pod, volume: Volume): string[] {
  const projected = (volume.projected?.sources ?? []).flatMap((source) =>
    source.serviceAccountToken ? [source.serviceAccountToken.audience ?? ''] : [],
  );
  const driver = volume.csi?.driver ?? driverOfClaim(server, pod, volume);
  if (!driver) return projected;
  const requests = server.get(CSI_DRIVERS, '', driver)?.spec.tokenRequests ?? [];
  return [...projected, ...requests.map((request) => request.audience)];
}

function driverOfClaim(server: Lookup, pod: Pod, volume: Volume): string | undefined {
  const name =
    volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined);
  if (!name) return undefined;
  const bound = server.get(CLAIMS, pod.metadata.namespace ?? '', name)?.spec?.volumeName;
  return bound ? server.get(PERSISTENT_VOLUMES, '', bound)?.spec?.csi?.driver : undefined;
}
