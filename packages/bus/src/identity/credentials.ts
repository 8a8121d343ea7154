/**
 * A credentials file as it is used to connect: the user's token, and the user's key to sign the server's nonce with.
 */
import { type KeyObject, sign } from 'node:crypto';
import { BusError } from '../connection.ts';
import { unescapeToken } from '../subjects.ts';
import { privateKeyOf } from './nkey.ts';

export class Credentials {
  /** The Kubernetes user name that they are for. */
  readonly user: string;
  readonly jwt: string;
  readonly #key: KeyObject;

  /** @throws BusError `denied` when the text is no credentials file */
  constructor(text: string) {
    const [, jwt] = /-----BEGIN NATS USER JWT-----\s+(\S+)/.exec(text) ?? [];
    const [, seed] = /-----BEGIN USER NKEY SEED-----\s+(\S+)/.exec(text) ?? [];
    if (jwt === undefined || seed === undefined) throw new BusError('denied', 'the credentials file holds no user');
    try {
      const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
        name?: unknown;
      };
      this.user = unescapeToken(String(claims.name));
      this.#key = privateKeyOf(seed);
    } catch (cause) {
      throw new BusError('denied', 'the credentials file is damaged', { cause });
    }
    this.jwt = jwt;
  }

  /** Answers a server's challenge, as CONNECT's `sig`. */
  sign(nonce: string): string {
    return sign(null, Buffer.from(nonce), this.#key).toString('base64url');
  }
}
