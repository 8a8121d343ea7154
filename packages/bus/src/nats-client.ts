/**
 * The official NATS client, loaded when a connection is made: who only mints credentials never pays its 12 MB. A module of
 * its own because bundlers give a CommonJS package that is imported lazily no named exports.
 */
export { AuthorizationError, connect, credsAuthenticator } from '@nats-io/transport-node';
