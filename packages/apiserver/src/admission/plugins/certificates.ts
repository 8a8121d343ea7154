/**
 * Who may approve and sign certificates, and for whom (upstream: plugin/pkg/admission/certificates/{approval,signing,
 * subjectrestriction}): the rights are on `signers`, by the signer's name or its domain.
 */
import { type CertificateSigningRequest, jsonEqual } from '@regatta/api';
import type { Authorizer, UserInfo } from '../../auth/identity.ts';
import { GROUPS } from '../../auth/well-known.ts';
import { examinedRequest } from '../../kinds/certificates/certificate-request.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, isMain } from '../admission-error.ts';

const GROUP = 'certificates.k8s.io';
const RESOURCE = 'certificatesigningrequests';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

function isUpdateOf({ operation, group, resource, subresource }: AdmissionAttributes, part: string): boolean {
  return operation === 'UPDATE' && group === GROUP && resource === RESOURCE && subresource === part;
}

export class CertificateApproval implements AdmissionPlugin {
  readonly name = 'CertificateApproval';

  constructor(private readonly authorizer: Authorizer) {}

  handles(attributes: AdmissionAttributes): boolean {
    return isUpdateOf(attributes, 'approval');
  }

  validate(attributes: AdmissionAttributes): void {
    const { signerName } = (attributes.oldObject as CertificateSigningRequest).spec;
    if (mayUseSigner(this.authorizer, attributes.user, 'approve', signerName)) return;
    throw admissionForbidden(attributes, `user not permitted to approve requests with signerName "${signerName}"`);
  }
}

export class CertificateSigning implements AdmissionPlugin {
  readonly name = 'CertificateSigning';

  constructor(private readonly authorizer: Authorizer) {}

  handles(attributes: AdmissionAttributes): boolean {
    return isUpdateOf(attributes, 'status');
  }

  validate(attributes: AdmissionAttributes): void {
    const old = attributes.oldObject as CertificateSigningRequest;
    const { status } = attributes.object as CertificateSigningRequest;
    const same = status?.certificate === old.status?.certificate;
    if (same && jsonEqual(status?.conditions ?? [], old.status?.conditions ?? [])) return;
    const { signerName } = old.spec;
    if (mayUseSigner(this.authorizer, attributes.user, 'sign', signerName)) return;
    throw admissionForbidden(attributes, `user not permitted to sign requests with signerName "${signerName}"`);
  }
}

/** Nobody becomes one of system:masters by a request. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: (attributes) => attributes.operation === 'CREATE' && isMain(attributes, GROUP, RESOURCE),
  validate(attributes) {
    const csr = attributes.object as CertificateSigningRequest;
    if (csr.spec.signerName !== CLIENT_SIGNER) return;
    if (!examinedRequest(csr).organizations.includes(GROUPS.privileged)) return;
    throw admissionForbidden(
      attributes,
      `use of ${CLIENT_SIGNER} signer with ${GROUPS.privileged} group is not allowed`,
    );
  },
};

function mayUseSigner(authorizer: Authorizer, user: UserInfo, verb: string, signerName: string): boolean {
  const domain = signerName.split('/')[0] ?? '';
  return [signerName, `${domain}/*`].some((name) => {
    const { verdict } = authorizer.authorize({
      user,
      verb,
      isResource: true,
      path: '',
      group: GROUP,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
    });
    return verdict === 'allow';
  });
}
