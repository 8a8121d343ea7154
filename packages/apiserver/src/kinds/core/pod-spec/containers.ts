/**
 * Containers of all three kinds (upstream: validateContainers, validateInitContainers, validateEphemeralContainers of
 * pkg/apis/core/validation/validation.go).
 */
import type { Container, ContainerPort, EphemeralContainer } from '@regatta/api';
import { isValidPortName } from '@regatta/api';
import { eachItem, isEmptyList, isEmptyMap } from '../../validation/lists.ts';
import type { Path } from '../../validation/path.ts';
import { checkDnsLabel, checkEnum, checkPortNumber } from '../../validation/rules.ts';
import type { PodChecks } from './checks.ts';
import { checkEnv, checkEnvFrom } from './env.ts';
import { checkLifecycle, checkLivenessProbe, checkReadinessProbe, checkStartupProbe } from './probes.ts';
import { checkResizePolicy, checkResourceRequirements } from './resources.ts';
import { checkContainerRestartPolicy } from './restart-rules.ts';
import { checkSecurityContext } from './security-context.ts';
import { checkVolumeDevices, checkVolumeMounts } from './volume-mounts.ts';

export const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const ONLY_SIDECARS = 'may not be set for init containers without restartPolicy=Always';
const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';

export function checkContainers(checks: PodChecks, path: Path): void {
  const { errors, spec } = checks;
  if (isEmptyList(spec.containers)) {
    errors.required(path);
    return;
  }
  const names = new Set<string>();
  eachItem(spec.containers, path, (container, at) => {
    checkCommon(checks, at, container);
    if (names.has(container.name)) errors.duplicate(at.child('name'), container.name);
    names.add(container.name);
    checkRunning(checks, at, container);
    checkContainerRestartPolicy(checks, at, container);
  });
  checkHostPortConflicts(checks, path, spec.containers);
}

export function checkInitContainers(checks: PodChecks, path: Path): void {
  const { errors, spec } = checks;
  const names = new Set((spec.containers ?? []).map(({ name }) => name));
  eachItem(spec.initContainers, path, (container, at) => {
    checkCommon(checks, at, container);
    checkContainerRestartPolicy(checks, at, container);
    if (names.has(container.name)) errors.duplicate(at.child('name'), container.name);
    else if (container.name) names.add(container.name);
    checkHostPortConflicts(checks, path, [container]);
    if (container.restartPolicy === 'Always') checkRunning(checks, at, container);
    else {
      const unset = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;
      for (const name of unset) if (container[name]) errors.forbidden(at.child(name), ONLY_SIDECARS);
      checkInitResizePolicy(checks, at.child('resizePolicy'), container);
    }
  });
}

function checkInitResizePolicy({ errors }: PodChecks, path: Path, { resizePolicy }: Container): void {
  eachItem(resizePolicy, path, ({ restartPolicy }, at) => {
    if (restartPolicy !== 'RestartContainer') return;
    const why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
    errors.invalid(at.child('restartPolicy'), restartPolicy, why);
  });
}

export function checkEphemeralContainers(checks: PodChecks, path: Path): void {
  const { errors, spec } = checks;
  if (isEmptyList(spec.ephemeralContainers)) return;
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  eachItem(spec.ephemeralContainers, path, (container, at) => {
    checkCommon(checks, at, container);
    checkImageSpace(checks, at, container);
    if (names.has(container.name)) errors.duplicate(at.child('name'), container.name);
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.notFound(at.child('targetContainerName'), target);
    checkEphemeralFields(checks, at, container);
  });
}

function checkEphemeralFields({ errors }: PodChecks, path: Path, container: EphemeralContainer): void {
  const unset = (name: string, given: boolean): void => {
    if (given) errors.forbidden(path.child(name), NOT_EPHEMERAL);
  };
  unset('ports', !isEmptyList(container.ports));
  unset('resources', !isEmptyMap(container.resources));
  unset('resizePolicy', !isEmptyList(container.resizePolicy));
  unset('restartPolicy', container.restartPolicy !== undefined);
  unset('restartPolicyRules', !isEmptyList(container.restartPolicyRules));
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const) {
    unset(name, container[name] !== undefined);
  }
  eachItem(container.volumeMounts, path.child('volumeMounts'), (mount, at) => {
    if (mount.subPath) errors.forbidden(at.child('subPath'), NOT_EPHEMERAL);
    if (mount.subPathExpr) errors.forbidden(at.child('subPathExpr'), NOT_EPHEMERAL);
  });
}

/** What containers have that run beside each other. */
function checkRunning(checks: PodChecks, path: Path, container: Container): void {
  if (container.lifecycle) checkLifecycle(checks, path.child('lifecycle'), container.lifecycle);
  if (container.livenessProbe) checkLivenessProbe(checks, path.child('livenessProbe'), container.livenessProbe);
  if (container.readinessProbe) checkReadinessProbe(checks, path.child('readinessProbe'), container.readinessProbe);
  if (container.startupProbe) checkStartupProbe(checks, path.child('startupProbe'), container.startupProbe);
}

function checkCommon(checks: PodChecks, path: Path, container: Container | EphemeralContainer): void {
  const { errors } = checks;
  if (!container.name) errors.required(path.child('name'));
  else checkDnsLabel(errors, path.child('name'), container.name);
  if (!container.image) errors.required(path.child('image'));
  checkEnum(errors, path.child('terminationMessagePolicy'), container.terminationMessagePolicy, MESSAGE_POLICIES);
  if (container.ports) checkPorts(checks, path.child('ports'), container.ports);
  if (container.env) checkEnv(checks, path.child('env'), container.env);
  if (container.envFrom) checkEnvFrom(errors, path.child('envFrom'), container.envFrom);
  checkVolumeMounts(checks, path.child('volumeMounts'), container);
  checkVolumeDevices(checks, path.child('volumeDevices'), container);
  checkEnum(errors, path.child('imagePullPolicy'), container.imagePullPolicy, PULL_POLICIES);
  if (container.resources) checkResourceRequirements(checks, path.child('resources'), container.resources);
  if (container.resizePolicy) checkResizePolicy(checks, path.child('resizePolicy'), container.resizePolicy);
  if (container.securityContext) checkSecurityContext(checks, path.child('securityContext'), container.securityContext);
}

/** Only Pods: templates were once let have such images. */
export function checkImageSpace({ errors }: PodChecks, path: Path, { image }: Pick<Container, 'image'>): void {
  if (image && image.trim().length !== image.length) {
    errors.invalid(path.child('image'), image, 'must not have leading or trailing whitespace');
  }
}

function checkPorts({ errors }: PodChecks, path: Path, ports: readonly ContainerPort[]): void {
  const names = new Set<string>();
  eachItem(ports, path, (port, at) => {
    if (port.name) {
      const messages = isValidPortName(port.name);
      if (messages.length > 0) errors.invalidEach(at.child('name'), port.name, messages);
      else if (names.has(port.name)) errors.duplicate(at.child('name'), port.name);
      else names.add(port.name);
    }
    if (!port.containerPort) errors.required(at.child('containerPort'));
    else checkPortNumber(errors, at.child('containerPort'), port.containerPort);
    if (port.hostPort) checkPortNumber(errors, at.child('hostPort'), port.hostPort);
    checkEnum(errors, at.child('protocol'), port.protocol, PROTOCOLS);
  });
}

function checkHostPortConflicts({ errors }: PodChecks, path: Path, containers: readonly Container[]): void {
  let seen: Set<string> | undefined;
  eachItem(containers, path, ({ ports }, at) =>
    eachItem(ports, at.child('ports'), ({ protocol, hostIP, hostPort }, portAt) => {
      if (!hostPort) return;
      const key = `${protocol ?? ''}/${hostIP ?? ''}/${hostPort}`;
      seen ??= new Set();
      if (seen.has(key)) errors.duplicate(portAt.child('hostPort'), key);
      seen.add(key);
    }),
  );
}
