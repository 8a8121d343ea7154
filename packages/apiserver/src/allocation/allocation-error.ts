/**
 * Why an address or a port can't be had, in upstream's words
 * (upstream: pkg/registry/core/service/ipallocator/interfaces.go and portallocator/allocator.go).
 */
export type AllocationErrorCode = 'taken' | 'out-of-range' | 'other-network' | 'full';

export class AllocationError extends Error {
  constructor(
    readonly code: AllocationErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'AllocationError';
  }
}
