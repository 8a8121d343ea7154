/**
 * Which requests the signers of the control plane sign (pkg/controller/certificates/signer/signer.go,
 * pkg/apis/certificates/helpers.go).
 */

import type { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from '@peculiar/x509';
import type { CertificateSigningRequest } from '@regatta/api';

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const NODES_GROUP = 'system:nodes';
const NODE_USER = 'system:node:';

interface AlternativeNames {
  readonly dns: number;
  readonly email: number;
  readonly ip: number;
  readonly url: number;
}

/** Why this request is none for its signer, in upstream's words; undefined when it is signed. */
export type SignerRule = (csr: CertificateSigningRequest, request: Pkcs10CertificateRequest) => string | undefined;

export const SIGNERS: ReadonlyMap<string, SignerRule> = new Map<string, SignerRule>([
  ['kubernetes.io/kube-apiserver-client', ({ spec }) => clientUsages(spec.usages ?? [])],
  ['kubernetes.io/kube-apiserver-client-kubelet', kubeletClient],
  ['kubernetes.io/kubelet-serving', kubeletServing],
  ['kubernetes.io/legacy-unknown', () => undefined],
]);

function clientUsages(usages: readonly string[]): string | undefined {
  const known = ['digital signature', 'key encipherment', 'client auth'];
  const other = usages.find((usage) => !known.includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

export function kubeletClient(
  { spec }: CertificateSigningRequest,
  request: Pkcs10CertificateRequest,
): string | undefined {
  const names = alternativeNames(request);
  if (!isNodesOnly(request)) return 'subject organization is not system:nodes';
  if (names.dns > 0) return 'DNS subjectAltNames are not allowed';
  if (names.email > 0) return 'Email subjectAltNames are not allowed';
  if (names.ip > 0) return 'IP subjectAltNames are not allowed';
  if (names.url > 0) return 'URI subjectAltNames are not allowed';
  return nodeName(request) ?? exactUsages(spec.usages ?? [], 'client auth');
}

function kubeletServing({ spec }: CertificateSigningRequest, request: Pkcs10CertificateRequest): string | undefined {
  const names = alternativeNames(request);
  if (!isNodesOnly(request)) return 'subject organization is not system:nodes';
  if (names.dns + names.ip === 0) return 'DNS or IP subjectAltName is required';
  if (names.email > 0) return 'Email subjectAltNames are not allowed';
  if (names.url > 0) return 'URI subjectAltNames are not allowed';
  return exactUsages(spec.usages ?? [], 'server auth') ?? nodeName(request);
}

function isNodesOnly({ subjectName }: Pkcs10CertificateRequest): boolean {
  const organizations = subjectName.getField('O');
  return organizations.length === 1 && organizations[0] === NODES_GROUP;
}

function nodeName({ subjectName }: Pkcs10CertificateRequest): string | undefined {
  const [name = ''] = subjectName.getField('CN');
  return name.startsWith(NODE_USER) ? undefined : 'subject common name does not begin with system:node:';
}

function exactUsages(usages: readonly string[], purpose: string): string | undefined {
  const wanted = new Set(usages);
  wanted.delete('key encipherment');
  const fits = wanted.size === 2 && wanted.has('digital signature') && wanted.has(purpose);
  return fits ? undefined : `usages did not match [digital signature key encipherment ${purpose}]`;
}

function alternativeNames(request: Pkcs10CertificateRequest): AlternativeNames {
  const extension = request.getExtension(SUBJECT_ALTERNATIVE_NAME) as SubjectAlternativeNameExtension | null;
  const counts = { dns: 0, email: 0, ip: 0, url: 0 };
  for (const { type } of extension?.names.items ?? []) {
    if (type === 'dns' || type === 'email' || type === 'ip' || type === 'url') counts[type]++;
  }
  return counts;
}
