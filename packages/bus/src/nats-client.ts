/**
 * The official NATS client, loaded when a connection is made: who only mints credentials never pays for it. A module of
 * its own because bundlers give a CommonJS package that is imported lazily no named exports.
 */
export { AuthorizationError, connect } from '@nats-io/transport-node';
