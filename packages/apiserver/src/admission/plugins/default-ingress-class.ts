/**
 * Ingresses that name no class get the default one (upstream: plugin/pkg/admission/network/defaultingressclass).
 */
import { type Ingress, type IngressClass, type ResourceRef, statusErrors } from '@regatta/api';
import type { ServerContext } from '../../server/context.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, isMain } from '../admission-error.ts';
import { currentObjects } from '../current-objects.ts';

const GROUP = 'networking.k8s.io';
const INGRESS_CLASSES: ResourceRef<IngressClass> = {
  group: GROUP,
  version: 'v1',
  resource: 'ingressclasses',
  kind: 'IngressClass',
  namespaced: false,
};
const DEFAULT_ANNOTATION = 'ingressclass.kubernetes.io/is-default-class';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

export class DefaultIngressClass implements AdmissionPlugin {
  readonly name = 'DefaultIngressClass';

  constructor(private readonly server: Pick<ServerContext, 'storage'>) {}

  handles(attributes: AdmissionAttributes): boolean {
    return attributes.operation === 'CREATE' && isMain(attributes, GROUP, 'ingresses');
  }

  admit(attributes: AdmissionAttributes): void {
    const ingress = attributes.object as Ingress;
    if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.[CLASS_ANNOTATION]) return;
    const defaults = currentObjects(this.server.storage, INGRESS_CLASSES).filter(
      ({ metadata }) => metadata.annotations?.[DEFAULT_ANNOTATION] === 'true',
    );
    if (defaults.length > 1) {
      const { message } = statusErrors.internal(`${defaults.length} default IngressClasses were found, only 1 allowed`);
      throw admissionForbidden(attributes, message);
    }
    const [found] = defaults;
    if (found) ingress.spec = { ...ingress.spec, ingressClassName: found.metadata.name };
  }
}
