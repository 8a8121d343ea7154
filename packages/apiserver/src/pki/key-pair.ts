/** A certificate and its key: PEM texts that belong together. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}
