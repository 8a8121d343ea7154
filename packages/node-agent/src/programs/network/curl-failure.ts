/**
 * What went wrong, by curl's exit codes and in curl's words.
 */
import { NetworkError } from '../../network/network-error.ts';
import { TlsError } from './http-client.ts';

export interface CurlFailure {
  readonly code: number;
  readonly message: string;
}

export interface FailedTransfer {
  readonly host: string;
  readonly port: number;
  /** Real milliseconds since the start. */
  readonly elapsed: number;
  readonly isConnected: boolean;
  readonly received: number;
}

const CERTIFICATE_HELP = `More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the webpage mentioned above.`;

const CERTIFICATE_PROBLEMS: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to get local issuer certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in certificate chain',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
};

/** @throws the error itself when it is none of the network's */
export function curlFailure(error: unknown, transfer: FailedTransfer): CurlFailure {
  const { host, port } = transfer;
  if (error instanceof TlsError) return tlsFailure(error, host);
  if (!(error instanceof NetworkError)) throw error;
  const elapsed = Math.round(transfer.elapsed);
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')
    return { code: 6, message: `Could not resolve host: ${host}` };
  if (error.code === 'ETIMEDOUT') {
    if (!transfer.isConnected) return { code: 28, message: `Connection timed out after ${elapsed} milliseconds` };
    return {
      code: 28,
      message: `Operation timed out after ${elapsed} milliseconds with ${transfer.received} bytes received`,
    };
  }
  if (!transfer.isConnected) {
    const message = `Failed to connect to ${host} port ${port} after ${elapsed} ms: Could not connect to server`;
    return { code: 7, message };
  }
  if (error.message.startsWith('Empty')) return { code: 52, message: 'Empty reply from server' };
  return { code: 56, message: 'Recv failure: Connection reset by peer' };
}

function tlsFailure({ code, message }: TlsError, host: string): CurlFailure {
  const problem = CERTIFICATE_PROBLEMS[code];
  if (problem !== undefined) return { code: 60, message: `SSL certificate problem: ${problem}\n${CERTIFICATE_HELP}` };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const text = `SSL: no alternative certificate subject name matches target host name '${host}'`;
    return { code: 60, message: `${text}\n${CERTIFICATE_HELP}` };
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return { code: 35, message: `TLS connect error: ${message}` };
  return { code: 35, message: `OpenSSL SSL_connect: ${code || message}` };
}
