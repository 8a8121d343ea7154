/**
 * Removes certificate requests that have had their time (pkg/controller/certificates/cleaner/cleaner.go): nobody answered
 * for a day, or the answer is an hour old, or the certificate has ended. Instants of certificates are real time.
 */
import { X509Certificate } from 'node:crypto';
import { type CertificateSigningRequest, isNotFound } from '@regatta/api';
import { type Informer, type ResourceClient, resources } from '@regatta/client';
import type { Controller, ControllerContext } from '../framework/controller.ts';
import { clientFor } from '../framework/controller.ts';
import { periodically } from '../framework/periodically.ts';

const PASS_MS = 3600_000;
const ANSWERED_MS = 3600_000;
const PENDING_MS = 24 * 3600_000;

export class CertificateCleaningController implements Controller {
  readonly name = 'certificatesigningrequest-cleaner-controller';
  readonly #requests: Informer<CertificateSigningRequest>;
  readonly #client: ResourceClient<CertificateSigningRequest>;

  constructor(private readonly context: ControllerContext) {
    this.#client = clientFor(context, 'certificate-controller').resource(resources.certificateSigningRequests);
    this.#requests = context.informers.for(resources.certificateSigningRequests);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#requests.whenSynced(signal);
    const logger = this.context.logger.with({ controller: this.name });
    await periodically(this.context.clusterClock, PASS_MS, () => this.#pass(), { logger, signal });
  }

  async #pass(): Promise<void> {
    for (const csr of this.#requests.list()) {
      if (!this.#hasHadItsTime(csr)) continue;
      await this.#client.delete(csr.metadata.name).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }

  #hasHadItsTime({ metadata, status }: CertificateSigningRequest): boolean {
    const { conditions = [], certificate } = status ?? {};
    if (certificate && this.#hasEnded(certificate)) return true;
    const isOlder = (since: string | undefined, age: number): boolean =>
      since !== undefined && this.context.clusterClock.elapsed(Date.parse(since)) > age;
    const isPending = conditions.length === 0 && !certificate;
    if (isPending) return isOlder(metadata.creationTimestamp, PENDING_MS);
    return conditions.some(({ type, lastUpdateTime }) => {
      const isAnswer = type === 'Denied' || type === 'Failed' || (type === 'Approved' && certificate);
      // Approved without a certificate: the signer may still come.
      return isOlder(lastUpdateTime, isAnswer ? ANSWERED_MS : PENDING_MS);
    });
  }

  #hasEnded(certificate: string): boolean {
    try {
      const { validTo } = new X509Certificate(Buffer.from(certificate, 'base64'));
      return Date.parse(validTo) < this.context.clock.now();
    } catch {
      return false; // Another signer's business.
    }
  }
}
