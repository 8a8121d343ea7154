/**
 * What a Pod can be told of itself (upstream: pkg/fieldpath and pkg/api/v1/resource).
 */
import { type Container, type Pod, Quantity, type ResourceFieldSelector } from '@regatta/api';
import { uidOf } from '../pods/pod-names.ts';

export interface DownwardContext {
  readonly podIp: string;
  readonly hostIp: string;
  /** The node's allocatable resources: what an unset limit means. */
  readonly allocatable: Readonly<Record<string, string>>;
}

const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.+)'\]$/;

/** The value of a field path such as `metadata.name` or `status.podIP`; empty for what is not set. */
export function podField(pod: Pod, path: string, context: DownwardContext): string {
  const subscript = SUBSCRIPT.exec(path);
  if (subscript) {
    const map = subscript[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return uidOf(pod);
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return context.hostIp;
    case 'status.podIP':
    case 'status.podIPs':
      return context.podIp;
    default:
      return '';
  }
}

/** `key="value"` lines, sorted by key. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n');
}

/** A request or limit in units of the divisor, rounded up. */
export function resourceField(
  pod: Pod,
  own: Container,
  selector: ResourceFieldSelector,
  context: DownwardContext,
): string {
  const container = findContainer(pod, selector.containerName) ?? own;
  const [kind = '', ...rest] = selector.resource.split('.');
  const name = rest.join('.');
  const { limits = {}, requests = {} } = container.resources ?? {};
  const isLimit = kind === 'limits';
  const declared = isLimit ? (limits[name] ?? context.allocatable[name]) : (requests[name] ?? limits[name]);
  const amount = Quantity.parse(declared ?? '0').milli();
  const given = Quantity.parse(selector.divisor ?? '0').milli();
  const divisor = given === 0n ? 1000n : given;
  return String((amount + divisor - 1n) / divisor);
}

function findContainer(pod: Pod, name: string | undefined): Container | undefined {
  if (name === undefined || name === '') return undefined;
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((container) => container.name === name);
}
