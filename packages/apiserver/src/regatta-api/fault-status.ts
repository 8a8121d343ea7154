/**
 * What the fault desk refuses, as API errors: there is no such thing (404), it makes no sense (400), it is not possible
 * now (409), or nobody answers (503).
 */
import { StatusError, statusErrors } from '@regatta/api';
import type { FaultDeskError } from '@regatta/bus';

export function statusOfFaultError({ code, message }: FaultDeskError): StatusError {
  switch (code) {
    case 'invalid':
      return statusErrors.badRequest(message);
    case 'unreachable':
      return statusErrors.serviceUnavailable(message);
    case 'not-found':
      return failure(404, 'NotFound', message);
    case 'refused':
      return failure(409, 'Conflict', message);
  }
}

function failure(code: number, reason: string, message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
}
