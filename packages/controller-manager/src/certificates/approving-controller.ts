/**
 * Approves kubelets' client certificates when whoever asks has the right to them
 * (pkg/controller/certificates/approver/sarapprove.go). Keys are requests.
 */
import {
  type CertificateSigningRequest,
  isNotFound,
  type KubeObject,
  type ResourceRef,
  type SubjectAccessReview,
} from '@regatta/api';
import { formatTime, type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import { hasCondition, requestText } from './conditions.ts';
import { kubeletClient } from './signer-rules.ts';

const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
const REVIEWS: ResourceRef<SubjectAccessReview & KubeObject> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

/** The right that is needed, as a subresource of requests, and what the approval says. */
interface Right {
  readonly subresource: string;
  readonly message: string;
}

const OWN: Right = {
  subresource: 'selfnodeclient',
  message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
};
const ANY: Right = {
  subresource: 'nodeclient',
  message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
};

export class CertificateApprovingController extends KeyedController {
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #client: ResourceClient<CertificateSigningRequest>;
  readonly #reviews: ResourceClient<SubjectAccessReview & KubeObject>;

  constructor(context: ControllerContext) {
    super({ name: 'certificatesigningrequest-approving-controller', context, concurrency: 1 });
    const client = clientFor(context, 'certificate-controller');
    this.#client = client.resource(resources.certificateSigningRequests);
    this.#reviews = client.resource(REVIEWS);
    this.#requests = this.reads(context.informers.for(resources.certificateSigningRequests));
    const enqueue = ({ metadata }: CertificateSigningRequest): void => this.queue.add(metadata.name);
    this.#requests.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  }

  protected async reconcile(name: string): Promise<void> {
    const csr = this.#requests.get('', name);
    if (!csr || csr.spec.signerName !== SIGNER || csr.status?.certificate) return;
    if (hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied')) return;
    const { readRequest } = await import('./authority.ts');
    const request = readRequest(requestText(csr));
    if (kubeletClient(csr, request) !== undefined) return;
    const isOwn = request.subjectName.getField('CN')[0] === csr.spec.username;
    for (const right of isOwn ? [OWN, ANY] : [ANY]) {
      if (await this.#has(csr, right)) return this.#approve(csr, right.message);
    }
  }

  async #has({ spec }: CertificateSigningRequest, { subresource }: Right): Promise<boolean> {
    const { username, uid, groups, extra } = spec;
    const resourceAttributes = {
      group: 'certificates.k8s.io',
      resource: 'certificatesigningrequests',
      verb: 'create',
      version: '*',
      subresource,
    };
    const review = { user: username, uid, groups, extra, resourceAttributes };
    const answer = await this.#reviews.create({ metadata: { name: '' }, spec: review } as never);
    return answer.status?.allowed === true;
  }

  async #approve(csr: CertificateSigningRequest, message: string): Promise<void> {
    const lastUpdateTime = formatTime(this.context.clock.now());
    const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message, lastUpdateTime };
    const status = { ...csr.status, conditions: [...(csr.status?.conditions ?? []), approved] };
    await this.#client.updateSubresource({ ...csr, status }, 'approval').catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
