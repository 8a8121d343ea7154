/**
 * Which container of a Pod is meant, in upstream's words when that is unclear
 * (upstream: pkg/registry/core/pod/strategy.go, validateContainer).
 */
import { type Pod, statusErrors } from '@regatta/api';

/** @throws StatusError 400 */
export function containerOf(pod: Pod, name: string): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  if (name !== '') {
    if ([...containers, ...initContainers, ...ephemeralContainers].some((container) => container.name === name))
      return name;
    throw statusErrors.badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
  }
  const [only] = containers;
  if (containers.length === 1 && only) return only.name;
  const list = (named: readonly { readonly name: string }[]): string =>
    `[${named.map((container) => container.name).join(' ')}]`;
  const init = initContainers.length > 0 ? ` or one of the init containers: ${list(initContainers)}` : '';
  const ephemeral =
    ephemeralContainers.length > 0 ? ` or one of the ephemeral containers: ${list(ephemeralContainers)}` : '';
  const message = `a container name must be specified for pod ${pod.metadata.name}, choose one of: ${list(containers)}`;
  throw statusErrors.badRequest(`${message}${init}${ephemeral}`);
}
