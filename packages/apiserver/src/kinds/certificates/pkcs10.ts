/**
 * Reads PKCS #10. Imported when there is a request to read: the X.509 library takes most of a tenth of a second to load.
 */
import 'reflect-metadata'; // the X.509 library needs it first
import { Pkcs10CertificateRequest } from '@peculiar/x509';

export interface ReadRequest {
  readonly organizations: readonly string[];
  /** The name of the key's algorithm, as WebCrypto has it. */
  readonly algorithm: string;
  readonly signatureFits: boolean;
}

/** @param der the request @throws Error for what is none */
export async function readPkcs10(der: Uint8Array): Promise<ReadRequest> {
  const request = new Pkcs10CertificateRequest(der);
  return {
    organizations: request.subjectName.getField('O'),
    algorithm: request.publicKey.algorithm.name,
    signatureFits: await request.verify(),
  };
}
