/**
 * The API as one user sees it. Cheap to make: `as` and `resource` only note what later requests carry.
 */
import type { KubeObject, ResourceRef } from '@regatta/api';
import type { ApiResponse } from '@regatta/bus';
import { type Clock, SystemClock, sleep } from '@regatta/runtime';
import { ResourceClient } from './resource-client.ts';
import { decodeResponse, requestHeaders } from './responses.ts';
import { retryDelay } from './retry-after.ts';
import type { Transport, TransportRequest } from './transport/transport.ts';

/** Upstream's maxRetries. */
const MAX_RETRIES = 10;
const systemClock = new SystemClock();

export interface ApiClientOptions {
  /** Names the component in audit logs and managedFields: `kube-scheduler`. */
  readonly userAgent: string;
  /** Act as this user in every request. */
  readonly as?: string;
  /** For waits that a busy server asks for; the machine's own unless told. */
  readonly clock?: Clock;
}

export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export class ApiClient {
  constructor(
    readonly transport: Transport,
    readonly options: ApiClientOptions,
  ) {}

  /** The same connection, acting as another user. */
  as(user: string): ApiClient {
    return new ApiClient(this.transport, { ...this.options, as: user });
  }

  resource<T extends KubeObject>(ref: ResourceRef<T>): ResourceClient<T> {
    return new ResourceClient(this, ref);
  }

  /** Any request, its body in the transport's encoding. @throws StatusError for every answer that is not 2xx */
  async request({ method, url, body, signal }: RawRequest): Promise<unknown> {
    const encoded = body === undefined ? undefined : this.transport.codec.encode(body);
    return decodeResponse(this.transport, await this.send({ method, url, headers: {}, body: encoded, signal }));
  }

  /**
   * Sends a request as it is, with this client's user and user agent. A server that is too busy and says when to come
   * again is asked again, MAX_RETRIES times at most (k8s.io/client-go/rest/with_retry.go).
   */
  async send(request: TransportRequest): Promise<ApiResponse> {
    const addressed = this.addressed(request);
    for (let retries = 0; ; retries++) {
      const response = await this.transport.send(addressed);
      const delay = retries < MAX_RETRIES ? retryDelay(response) : undefined;
      if (delay === undefined) return response;
      await sleep(this.options.clock ?? systemClock, delay, request.signal);
    }
  }

  /** The request with this client's user and headers. */
  addressed(request: TransportRequest): TransportRequest {
    const headers = requestHeaders(this.transport, this.options.userAgent, request);
    return this.options.as === undefined ? { ...request, headers } : { ...request, headers, as: this.options.as };
  }
}
