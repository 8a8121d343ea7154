/**
 * Claims that reach devices which others use, too, are for namespaces that an administrator has marked
 * (upstream: pkg/registry/resource/utils.go).
 */
import type { DeviceClaim, DeviceRequestAllocationResult } from '@regatta/api';
import { NAMESPACES } from '../../auth/resource-refs.ts';
import type { WriteContext } from '../../registry/strategy.ts';
import type { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';

const LABEL = 'resource.kubernetes.io/admin-access';
const REQUESTS = SPEC.child('devices').child('requests');
const RESULTS = STATUS.child('allocation').child('devices').child('results');

type Results = readonly DeviceRequestAllocationResult[];

export function checkAdminRequests(
  errors: ErrorList,
  devices: DeviceClaim | undefined,
  namespace: string | undefined,
  context: WriteContext,
): void {
  const first = (devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess === true);
  if (first >= 0) checkNamespace(errors, REQUESTS.index(first).child('adminAccess'), namespace, context);
}

export function checkAdminResults(
  errors: ErrorList,
  results: Results,
  old: Results,
  namespace: string | undefined,
  context: WriteContext,
): void {
  if (old.some(({ adminAccess }) => adminAccess)) return;
  const first = results.findIndex(({ adminAccess }) => adminAccess === true);
  if (first >= 0) checkNamespace(errors, RESULTS.index(first).child('adminAccess'), namespace, context);
}

function checkNamespace(errors: ErrorList, at: Path, name: string | undefined, { server }: WriteContext): void {
  const labels = server.get(NAMESPACES, '', name ?? '')?.metadata.labels;
  if (labels?.[LABEL] === 'true') return;
  errors.forbidden(at, `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`);
}
