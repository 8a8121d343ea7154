/**
 * Probes and lifecycle hooks (upstream: validateProbe, validateHandler, validateLifecycle of
 * pkg/apis/core/validation/validation.go).
 */
import {
  type HTTPGetAction,
  isHTTPHeaderName,
  type Lifecycle,
  type LifecycleHandler,
  type Probe,
  type SleepAction,
} from '@regatta/api';
import type { ErrorList } from '../../validation/error-list.ts';
import { isEmptyList } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkNotNegative, checkPortNumber, checkPortNumberOrName } from '../../validation/rules.ts';
import type { PodChecks } from './checks.ts';

type Handler = Pick<Probe, 'grpc'> & LifecycleHandler;
const KINDS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;
const COUNTS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;
const SCHEMES = ['HTTP', 'HTTPS'];

export function checkLivenessProbe(checks: PodChecks, path: Path, probe: Probe): void {
  checkProbe(checks, path, probe);
  checkSuccessThreshold(checks.errors, path, probe);
}

export function checkStartupProbe(checks: PodChecks, path: Path, probe: Probe): void {
  checkProbe(checks, path, probe);
  checkSuccessThreshold(checks.errors, path, probe);
}

export function checkReadinessProbe(checks: PodChecks, path: Path, probe: Probe): void {
  checkProbe(checks, path, probe);
  if (probe.terminationGracePeriodSeconds !== undefined) {
    const at = path.child('terminationGracePeriodSeconds');
    checks.errors.invalid(at, probe.terminationGracePeriodSeconds, 'must not be set for readinessProbes');
  }
}

function checkSuccessThreshold(errors: ErrorList, path: Path, { successThreshold }: Probe): void {
  if (successThreshold !== 1) errors.invalid(path.child('successThreshold'), successThreshold, 'must be 1');
}

function checkProbe(checks: PodChecks, path: Path, probe: Probe): void {
  const { errors } = checks;
  checkHandler(checks, path, probe);
  for (const name of COUNTS) {
    const count = probe[name];
    if (count !== undefined && count < 0) checkNotNegative(errors, path.child(name), count);
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.invalid(path.child('terminationGracePeriodSeconds'), grace, 'must be greater than 0');
  }
}

export function checkLifecycle(checks: PodChecks, path: Path, lifecycle: Lifecycle): void {
  const { postStart, preStop } = lifecycle;
  if (postStart) checkHandler(checks, path.child('postStart'), postStart);
  if (preStop) checkHandler(checks, path.child('preStop'), preStop);
}

function checkHandler(checks: PodChecks, path: Path, handler: Handler): void {
  const { errors } = checks;
  let first = true;
  for (const kind of KINDS) {
    if (handler[kind] === undefined) continue;
    if (first) checkAction(checks, path.child(kind), handler, kind);
    else errors.forbidden(path.child(kind), 'may not specify more than 1 handler type');
    first = false;
  }
  if (first) errors.required(path, 'must specify a handler type');
}

function checkAction({ errors, spec }: PodChecks, path: Path, handler: Handler, kind: (typeof KINDS)[number]): void {
  switch (kind) {
    case 'exec':
      if (isEmptyList(handler.exec?.command)) errors.required(path.child('command'));
      break;
    case 'httpGet':
      if (handler.httpGet) checkHttpGet(errors, path, handler.httpGet);
      break;
    case 'tcpSocket':
      checkPortNumberOrName(errors, path.child('port'), handler.tcpSocket?.port);
      break;
    case 'grpc':
      checkPortNumber(errors, path.child('port'), handler.grpc?.port ?? 0);
      break;
    case 'sleep':
      if (handler.sleep) checkSleep(errors, path, handler.sleep, spec.terminationGracePeriodSeconds);
      break;
  }
}

function checkHttpGet(errors: ErrorList, path: Path, get: HTTPGetAction): void {
  if (!get.path) errors.required(path.child('path'));
  checkPortNumberOrName(errors, path.child('port'), get.port);
  if (!SCHEMES.includes(get.scheme ?? '')) errors.notSupported(path.child('scheme'), get.scheme ?? '', SCHEMES);
  for (const { name } of get.httpHeaders ?? []) {
    errors.invalidEach(path.child('httpHeaders'), name, isHTTPHeaderName(name));
  }
}

function checkSleep(errors: ErrorList, path: Path, { seconds }: SleepAction, grace: number | undefined): void {
  if (seconds < 0 || (grace !== undefined && seconds > grace)) {
    const why = `must be non-negative and less than terminationGracePeriodSeconds (${grace ?? 0})`;
    errors.invalid(path, seconds, why);
  }
}
