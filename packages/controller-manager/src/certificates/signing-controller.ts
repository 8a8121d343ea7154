/**
 * Signs approved requests of the signers that are the control plane's own (pkg/controller/certificates/signer/signer.go).
 * Keys are requests.
 */
import { type CertificateSigningRequest, isNotFound } from '@regatta/api';
import { formatTime, type Informer, type ResourceClient, resources } from '@regatta/client';
import { type ControllerContext, clientFor } from '../framework/controller.ts';
import { KeyedController } from '../framework/keyed-controller.ts';
import type { SigningKeys } from './authority.ts';
import { hasCondition, requestText } from './conditions.ts';
import { SIGNERS } from './signer-rules.ts';

export class CertificateSigningController extends KeyedController {
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #client: ResourceClient<CertificateSigningRequest>;

  /** @param readKeys gives the cluster's authority; asked for each signature, so that it is not kept */
  constructor(
    context: ControllerContext,
    readonly readKeys: () => Promise<SigningKeys>,
  ) {
    super({ name: 'certificatesigningrequest-signing-controller', context, concurrency: 1 });
    this.#client = clientFor(context, 'certificate-controller').resource(resources.certificateSigningRequests);
    this.#requests = this.reads(context.informers.for(resources.certificateSigningRequests));
    const enqueue = ({ metadata }: CertificateSigningRequest): void => this.queue.add(metadata.name);
    this.#requests.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  }

  protected async reconcile(name: string): Promise<void> {
    const csr = this.#requests.get('', name);
    const rule = csr && SIGNERS.get(csr.spec.signerName);
    if (!csr || !rule || csr.status?.certificate) return;
    if (!hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied') || hasCondition(csr, 'Failed')) return;
    const { readRequest, sign } = await import('./authority.ts');
    const request = readRequest(requestText(csr));
    const problem = rule(csr, request);
    if (problem !== undefined)
      return this.#write(csr, { conditions: [...this.#conditions(csr), this.#failed(problem)] });
    const { usages = [], expirationSeconds } = csr.spec;
    const now = this.context.clock.now();
    const lifetime = expirationSeconds === undefined ? undefined : expirationSeconds * 1000;
    const certificate = await sign(await this.readKeys(), request, usages, now, lifetime);
    await this.#write(csr, { certificate: Buffer.from(certificate).toString('base64') });
  }

  #conditions({ status }: CertificateSigningRequest) {
    return status?.conditions ?? [];
  }

  #failed(message: string) {
    const now = formatTime(this.context.clock.now());
    return { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message, lastUpdateTime: now };
  }

  async #write(
    csr: CertificateSigningRequest,
    status: NonNullable<CertificateSigningRequest['status']>,
  ): Promise<void> {
    await this.#client.updateStatus({ ...csr, status: { ...csr.status, ...status } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
