/** What has become of a certificate request. */
import type { CertificateSigningRequest } from '@regatta/api';

export function hasCondition({ status }: CertificateSigningRequest, type: 'Approved' | 'Denied' | 'Failed'): boolean {
  return status?.conditions?.some((condition) => condition.type === type) ?? false;
}

/** The request itself, PEM. */
export function requestText({ spec }: CertificateSigningRequest): string {
  return Buffer.from(spec.request, 'base64').toString('latin1');
}
