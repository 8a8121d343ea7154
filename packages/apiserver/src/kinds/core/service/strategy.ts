/**
 * Services (upstream: pkg/registry/core/service).
 */
import { type Service, statusErrors } from '@regatta/api';
import type { Strategy } from '../../../registry/strategy.ts';
import { allocateService, checkRequested, releaseService, shareNodePorts } from './allocation.ts';
import { initIpFamilies, normalizeClusterIps, patchAllocated } from './cluster-ip-fields.ts';
import { defaultService } from './defaults.ts';
import { dropTypeDependent } from './type-change.ts';
import { validateService, validateServiceStatus, validateServiceUpdate } from './validation.ts';
import { serviceWarnings } from './warnings.ts';

export const serviceStrategy: Strategy<Service> = {
  nameRule: 'dns-label',
  allowCreateOnUpdate: true,
  applyDefaults: defaultService,
  prepareForCreate(service, context) {
    service.status = { loadBalancer: {} };
    normalizeClusterIps(service, undefined);
    fillFamilies(service, undefined);
    checkRequested(service, context);
    shareNodePorts(service, context);
  },
  prepareForUpdate(service, old) {
    patchAllocated(service, old);
    normalizeClusterIps(service, old);
    fillFamilies(service, old);
    dropTypeDependent(service, old);
  },
  validate: (service) => validateService(service).errors,
  validateUpdate: (service, old) => validateServiceUpdate(service, old).errors,
  validateStatusUpdate: (service, old) => validateServiceStatus(service, old).errors,
  warnings: serviceWarnings,
  allocate: allocateService,
  afterDelete: (service, { server }) => releaseService(service, server),
  fieldLabels: ['spec.clusterIP', 'spec.type'],
  selectableFields: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }),
};

/** Upstream refuses what doesn't fit the cluster before it validates the rest. */
function fillFamilies(service: Service, old: Service | undefined): void {
  const { errors } = initIpFamilies(service, old);
  if (errors.length > 0) throw statusErrors.invalid('', 'Service', service.metadata.name, errors);
}
