/**
 * APIServices as objects (upstream: k8s.io/kube-aggregator/pkg/registry/apiservice/strategy.go,
 * pkg/apis/apiregistration/{v1/defaults.go,validation/validation.go}).
 */
import {
  type APIService,
  type APIServiceSpec,
  type FieldError,
  isDNS1035Label,
  isDNS1123Subdomain,
  isValidPortNum,
} from '@regatta/api';
import { ErrorList } from '../kinds/validation/error-list.ts';
import { METADATA, SPEC, STATUS } from '../kinds/validation/path.ts';
import type { Strategy } from '../registry/strategy.ts';
import { timestamp } from '../registry/write-request.ts';
import { LOCAL, withAvailable } from './available.ts';

export const HTTPS_PORT = 443;
const MOST_GROUP_PRIORITY = 20_000;
const MOST_VERSION_PRIORITY = 1000;
const STATUSES = ['False', 'True', 'Unknown'];

export const apiServiceStrategy: Strategy<APIService> = {
  nameRule: 'path-segment',
  allowUnconditionalUpdate: false,
  applyDefaults({ spec }) {
    if (spec?.service) spec.service.port ??= HTTPS_PORT;
  },
  prepareForCreate(service, { server }) {
    service.status = {};
    if (!service.spec.service)
      service.status = withAvailable(service, LOCAL, timestamp(server.clock.now())).status ?? {};
  },
  prepareStatusUpdate(service, old) {
    const { labels, annotations, finalizers, ownerReferences, ...metadata } = service.metadata;
    const kept = old.metadata;
    service.spec = old.spec;
    service.metadata = {
      ...metadata,
      ...(kept.labels ? { labels: kept.labels } : {}),
      ...(kept.annotations ? { annotations: kept.annotations } : {}),
      ...(kept.finalizers ? { finalizers: kept.finalizers } : {}),
      ...(kept.ownerReferences ? { ownerReferences: kept.ownerReferences } : {}),
    };
  },
  validate: (service) => validated(service),
  validateUpdate: (service) => validated(service),
  validateStatusUpdate({ status }): FieldError[] {
    const errors = new ErrorList();
    for (const [i, condition] of (status?.conditions ?? []).entries()) {
      if (STATUSES.includes(condition.status)) continue;
      errors.notSupported(STATUS.child('conditions').index(i).child('status'), condition.status, STATUSES);
    }
    return errors.errors;
  },
};

function validated(service: APIService): FieldError[] {
  const errors = new ErrorList();
  checkName(errors, service);
  checkVersion(errors, service.spec);
  checkPriorities(errors, service.spec);
  if (service.spec.service) checkRemote(errors, service.spec);
  else checkLocal(errors, service.spec);
  return errors.errors;
}

/** What is no path segment was told before. */
function checkName(errors: ErrorList, { metadata, spec }: APIService): void {
  const wanted = `${spec.version ?? ''}.${spec.group ?? ''}`;
  const { name } = metadata;
  if (!name || name === wanted || name === '.' || name === '..' || /[/%]/.test(name)) return;
  errors.invalid(METADATA.child('name'), name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`);
}

function checkVersion(errors: ErrorList, { group = '', version = '' }: APIServiceSpec): void {
  if (group === '' && version !== 'v1') {
    errors.required(SPEC.child('group'), 'only v1 may have an empty group and it better be legacy kube');
  }
  if (group !== '') errors.invalidEach(SPEC.child('group'), group, isDNS1123Subdomain(group));
  errors.invalidEach(SPEC.child('version'), version, isDNS1035Label(version));
}

function checkPriorities(errors: ErrorList, { groupPriorityMinimum = 0, versionPriority = 0 }: APIServiceSpec): void {
  const between = (name: string, value: number, most: number): void => {
    if (value > 0 && value <= most) return;
    errors.invalid(SPEC.child(name), value, `must be positive and less than ${most}`);
  };
  between('groupPriorityMinimum', groupPriorityMinimum, MOST_GROUP_PRIORITY);
  between('versionPriority', versionPriority, MOST_VERSION_PRIORITY);
}

function checkLocal(errors: ErrorList, { caBundle, insecureSkipTLSVerify }: APIServiceSpec): void {
  if (caBundle) {
    const size = `${Buffer.byteLength(caBundle, 'base64')} bytes`;
    errors.invalid(SPEC.child('caBundle'), size, 'local APIServices may not have a caBundle');
  }
  if (insecureSkipTLSVerify) {
    const at = SPEC.child('insecureSkipTLSVerify');
    errors.invalid(at, true, 'local APIServices may not have insecureSkipTLSVerify');
  }
}

function checkRemote(errors: ErrorList, { service, caBundle, insecureSkipTLSVerify }: APIServiceSpec): void {
  const at = SPEC.child('service');
  const { name, namespace, port = 0 } = service ?? {};
  if (!namespace) errors.required(at.child('namespace'));
  if (!name) errors.required(at.child('name'));
  const problems = isValidPortNum(port);
  if (problems.length > 0) errors.invalid(at.child('port'), port, `port is not valid: ${problems.join(', ')}`);
  if (insecureSkipTLSVerify && caBundle) {
    errors.invalid(SPEC.child('insecureSkipTLSVerify'), true, 'may not be true if caBundle is present');
  }
}
