/**
 * NetworkPolicies (upstream: pkg/apis/networking/v1/defaults.go, ValidateNetworkPolicy … of
 * pkg/apis/networking/validation/validation.go).
 */
import {
  cidrWarnings,
  type IPBlock,
  isValidPortName,
  isValidPortNum,
  type NetworkPolicy,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
} from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkCidr, cidrFamily, isStrictSubset } from '../validation/addresses.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem, type Maybe } from '../validation/lists.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkLabelSelector } from '../validation/rules.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const POLICY_TYPES = ['Ingress', 'Egress'];

export const networkPolicyStrategy: Strategy<NetworkPolicy> = {
  tracksGeneration: true,
  applyDefaults({ spec }) {
    if (!spec) return;
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    }
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  validate: (policy) => validatePolicy(policy, new Set()).errors,
  // What was let in once stays: a network that is wrong by today's rules may be kept.
  validateUpdate(policy, old) {
    const { errors } = validatePolicy(policy, networksOf(old));
    // Upstream looks twice.
    return [...errors, ...errors];
  },
  warnings({ spec }) {
    const warnings: string[] = [];
    const add = ({ ipBlock }: NetworkPolicyPeer, path: Path): void => {
      if (!ipBlock) return;
      const at = path.child('ipBlock');
      warnings.push(...cidrWarnings(`${at.child('cidr')}`, ipBlock.cidr));
      eachItem(ipBlock.except, at.child('except'), (cidr, item) => warnings.push(...cidrWarnings(`${item}`, cidr)));
    };
    eachItem(spec?.ingress, SPEC.child('ingress'), ({ from }, at) => eachItem(from, at.child('from'), add));
    eachItem(spec?.egress, SPEC.child('egress'), ({ to }, at) => eachItem(to, at.child('to'), add));
    return warnings;
  },
};

function networksOf({ spec }: NetworkPolicy): ReadonlySet<string> {
  const peers = [
    ...(spec?.ingress ?? []).flatMap(({ from }) => from ?? []),
    ...(spec?.egress ?? []).flatMap(({ to }) => to ?? []),
  ];
  return new Set(peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : [])));
}

function validatePolicy({ spec = {} }: NetworkPolicy, kept: ReadonlySet<string>): ErrorList {
  const errors = new ErrorList();
  checkLabelSelector(errors, SPEC.child('podSelector'), spec.podSelector);
  eachItem(spec.ingress, SPEC.child('ingress'), ({ ports, from }, at) => {
    checkPorts(errors, at.child('ports'), ports);
    checkPeers(errors, at.child('from'), from, kept);
  });
  eachItem(spec.egress, SPEC.child('egress'), ({ ports, to }, at) => {
    checkPorts(errors, at.child('ports'), ports);
    checkPeers(errors, at.child('to'), to, kept);
  });
  const at = SPEC.child('policyTypes');
  if ((spec.policyTypes?.length ?? 0) > POLICY_TYPES.length) {
    errors.invalid(at, spec.policyTypes, 'may not specify more than two policyTypes');
    return errors;
  }
  eachItem(spec.policyTypes, at, (type, typeAt) => {
    if (!POLICY_TYPES.includes(type)) errors.notSupported(typeAt, type, POLICY_TYPES);
  });
  return errors;
}

function checkPorts(errors: ErrorList, path: Path, ports: Maybe<readonly NetworkPolicyPort[]>): void {
  eachItem(ports, path, ({ protocol, port, endPort }, at) => {
    if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
      errors.notSupported(at.child('protocol'), protocol, PROTOCOLS);
    }
    const refuseEnd = (why: string): void => errors.invalid(at.child('endPort'), endPort, why);
    if (typeof port === 'number') {
      errors.invalidEach(at.child('port'), port, isValidPortNum(port));
      if (endPort === undefined) return;
      if (endPort < port) refuseEnd('must be greater than or equal to `port`');
      errors.invalidEach(at.child('endPort'), endPort, isValidPortNum(endPort));
      return;
    }
    const missing = port === undefined || port === null;
    if (endPort !== undefined) {
      refuseEnd(`may not be specified when \`port\` is ${missing ? 'not specified' : 'non-numeric'}`);
    }
    if (!missing) errors.invalidEach(at.child('port'), port, isValidPortName(port));
  });
}

function checkPeers(
  errors: ErrorList,
  path: Path,
  peers: Maybe<readonly NetworkPolicyPeer[]>,
  kept: ReadonlySet<string>,
): void {
  eachItem(peers, path, ({ podSelector, namespaceSelector, ipBlock }, at) => {
    checkLabelSelector(errors, at.child('podSelector'), podSelector);
    checkLabelSelector(errors, at.child('namespaceSelector'), namespaceSelector);
    if (ipBlock) checkBlock(errors, at.child('ipBlock'), ipBlock, kept);
    if (!podSelector && !namespaceSelector && !ipBlock) errors.required(at, 'must specify a peer');
    else if (ipBlock && (podSelector || namespaceSelector)) {
      errors.forbidden(at, 'may not specify both ipBlock and another peer');
    }
  });
}

function checkBlock(errors: ErrorList, path: Path, { cidr, except }: IPBlock, kept: ReadonlySet<string>): void {
  if (!cidr) {
    errors.required(path.child('cidr'));
    return;
  }
  if (!kept.has(cidr)) checkCidr(errors, path.child('cidr'), cidr);
  if (cidrFamily(cidr) === 0) return;
  eachItem(except, path.child('except'), (hole, at) => {
    if (!kept.has(hole)) checkCidr(errors, at, hole);
    if (cidrFamily(hole) !== 0 && !isStrictSubset(hole, cidr)) {
      errors.invalid(at, hole, 'must be a strict subset of `cidr`');
    }
  });
}
