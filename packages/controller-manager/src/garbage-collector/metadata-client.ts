/**
 * An API client that asks for metadata alone (PartialObjectMetadata), in lists and watches: what the garbage collector
 * reads of the many resources it watches. A server that can't, answers with whole objects, which serve as well.
 */
import type { KubeObject } from '@regatta/api';
import { ApiClient, type TransportRequest } from '@regatta/client';

export class MetadataClient extends ApiClient {
  override addressed(request: TransportRequest): TransportRequest {
    if (request.method !== 'GET') return super.addressed(request);
    const { mediaType } = this.transport.codec;
    const kind = /[?&]watch=true/.test(request.url) ? 'PartialObjectMetadata' : 'PartialObjectMetadataList';
    const accept = `${mediaType};as=${kind};g=meta.k8s.io;v=v1,${mediaType}`;
    return super.addressed({ ...request, headers: { accept, ...request.headers } });
  }
}

/** What the garbage collector reads of an object, and nothing else. */
export function ownershipOnly(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } = object.metadata;
  const metadata = { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp };
  return { metadata };
}
