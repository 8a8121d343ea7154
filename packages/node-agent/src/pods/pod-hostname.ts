/**
 * The name that a Pod's containers see (upstream: GeneratePodHostNameAndDomain of pkg/kubelet/kubelet_pods.go,
 * GetNodenameForKernel of pkg/kubelet/util).
 */
import type { Pod } from '@regatta/api';

/** The longest host name that the kernel takes. */
const LONGEST = 64;
const LONGEST_LABEL = 63;

export class HostnameError extends Error {
  readonly code = 'hostname';
}

/** Without its domain. */
export function hostnameOf({ metadata, spec }: Pod): string {
  return spec.hostnameOverride ?? (spec.hostname || metadata.name.slice(0, LONGEST_LABEL).replace(/[-.]+$/, ''));
}

/** The domain under which DNS knows it; empty for Pods without a subdomain. */
export function domainOf({ metadata, spec }: Pod, clusterDomain: string): string {
  if (!spec.subdomain || spec.hostnameOverride !== undefined) return '';
  return `${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}`;
}

/** What `hostname` says. @throws HostnameError when the kernel wouldn't take it */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  const hostname = hostnameOf(pod);
  const domain = domainOf(pod, clusterDomain);
  if (!pod.spec.setHostnameAsFQDN || domain === '') return hostname;
  const name = `${hostname}.${domain}`;
  if (name.length <= LONGEST) return name;
  throw new HostnameError(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${name} is too long (${LONGEST} characters is the max, ${name.length} characters requested)`,
  );
}
