/**
 * People who were invited into the cluster.
 */
export { GuestDesk } from './guest-desk.ts';
