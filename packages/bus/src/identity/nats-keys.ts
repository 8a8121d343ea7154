/**
 * The libraries that make keys and tokens, loaded together when an identity is made. A module of its own because bundlers
 * give a CommonJS package that is imported lazily no named exports.
 */
export { encodeAccount, encodeOperator, encodeUser, fmtCreds } from '@nats-io/jwt';
export { createAccount, createOperator, createUser, fromSeed } from '@nats-io/nkeys';
