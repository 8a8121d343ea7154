/**
 * Rules for a Service's traffic policies (upstream: validateServiceExternalTrafficPolicy and its neighbours of
 * pkg/apis/core/validation/validation.go).
 */
import type { Service } from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { SPEC } from '../../validation/path.ts';
import { checkEnum, checkPortNumber } from '../../validation/rules.ts';
import { isExternallyAccessible, needsClusterIp, needsHealthCheck } from './service-fields.ts';

const POLICIES = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];

export function checkTrafficFields(errors: ErrorList, service: Service): void {
  const { spec } = service;
  checkExternal(errors, service);
  checkHealthCheckPort(errors, service);
  const internal = SPEC.child('internalTrafficPolicy');
  if (spec.internalTrafficPolicy === undefined) {
    if (needsClusterIp(service)) errors.required(internal);
  } else if (!POLICIES.includes(spec.internalTrafficPolicy)) {
    errors.notSupported(internal, spec.internalTrafficPolicy, POLICIES);
  }
  const { trafficDistribution } = spec;
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution)) {
    errors.notSupported(SPEC.child('trafficDistribution'), trafficDistribution, DISTRIBUTIONS);
  }
}

function checkExternal(errors: ErrorList, service: Service): void {
  const path = SPEC.child('externalTrafficPolicy');
  const { externalTrafficPolicy } = service.spec;
  if (isExternallyAccessible(service)) checkEnum(errors, path, externalTrafficPolicy, POLICIES);
  else if (externalTrafficPolicy) {
    errors.invalid(path, externalTrafficPolicy, 'may only be set for externally-accessible services');
  }
}

/** A port that is still missing is taken right after validation. */
function checkHealthCheckPort(errors: ErrorList, service: Service): void {
  const port = service.spec.healthCheckNodePort;
  if (!port) return;
  const path = SPEC.child('healthCheckNodePort');
  if (needsHealthCheck(service)) checkPortNumber(errors, path, port);
  else {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.invalid(path, port, why);
  }
}
