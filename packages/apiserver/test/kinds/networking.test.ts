/**
 * What becomes of objects about networks, and of autoscalers, beyond what the recordings show: updates.
 */
import type {
  HorizontalPodAutoscaler,
  IngressClass,
  IPAddress,
  KubeObject,
  NetworkPolicy,
  ServiceCIDR,
} from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { horizontalPodAutoscalerStrategy } from '../../src/kinds/autoscaling/horizontal-pod-autoscaler.ts';
import { ingressClassStrategy } from '../../src/kinds/networking/ingress-class.ts';
import { networkPolicyStrategy } from '../../src/kinds/networking/network-policy.ts';
import { ipAddressStrategy, serviceCidrStrategy } from '../../src/kinds/networking/service-cidr.ts';
import { isStrictSubset } from '../../src/kinds/validation/addresses.ts';
import type { Strategy, WriteContext } from '../../src/registry/strategy.ts';

const CONTEXT = {} as WriteContext;

function refusals<T extends KubeObject>(strategy: Strategy<T>, old: T, now: T): string[] {
  return (strategy.validateUpdate?.(now, old, CONTEXT) ?? []).map(({ field, detail }) => `${field}: ${detail}`);
}

function policy(cidr: string, policyTypes: string[] = ['Ingress']): NetworkPolicy {
  return { metadata: { name: 'p' }, spec: { ingress: [{ from: [{ ipBlock: { cidr } }] }], policyTypes } };
}

const cidrs = (...networks: string[]): ServiceCIDR => ({ metadata: { name: 'c' }, spec: { cidrs: networks } });
const address = (name: string): IPAddress => ({
  metadata: { name: '10.96.0.9' },
  spec: { parentRef: { resource: 'services', name } },
});
const ingressClass = (controller: string): IngressClass => ({ metadata: { name: 'i' }, spec: { controller } });
const autoscaler = (apiVersion: string, kind: string): HorizontalPodAutoscaler => ({
  metadata: { name: 'h' },
  spec: { maxReplicas: 2, scaleTargetRef: { apiVersion, kind, name: 'd' } },
});

describe('updates of objects about networks', () => {
  it('KIND-15: a network that a policy names already stays, a new one must be right', () => {
    expect(refusals(networkPolicyStrategy, policy('wrong'), policy('wrong', ['Egress']))).toEqual([]);
    expect(refusals(networkPolicyStrategy, policy('10.0.0.0/8'), policy('wrong'))).toHaveLength(2); // Upstream looks twice.
  });

  it('KIND-15: exceptions are smaller parts of their network', () => {
    expect(isStrictSubset('10.1.0.0/16', '10.0.0.0/8')).toBe(true);
    expect(isStrictSubset('10.0.0.0/8', '10.0.0.0/8')).toBe(false);
    expect(isStrictSubset('11.0.0.0/16', '10.0.0.0/8')).toBe(false);
    expect(isStrictSubset('2001:db8:1::/48', '2001:db8::/32')).toBe(true);
    expect(isStrictSubset('2001:db8::/32', '10.0.0.0/8')).toBe(false);
  });

  it('KIND-15: a ServiceCIDR gets a second family and changes in no other way', () => {
    const immutable = 'field is immutable';
    expect(refusals(serviceCidrStrategy, cidrs('10.0.0.0/16'), cidrs('10.0.0.0/16', '2001:db8::/64'))).toEqual([]);
    expect(refusals(serviceCidrStrategy, cidrs('10.0.0.0/16'), cidrs('10.1.0.0/16'))).toEqual([
      `spec.cidrs[0]: ${immutable}`,
    ]);
    expect(refusals(serviceCidrStrategy, cidrs('10.0.0.0/16', '2001:db8::/64'), cidrs('10.0.0.0/16'))).toEqual([
      `spec.cidrs: ${immutable}`,
    ]);
  });

  it('KIND-15: addresses keep their owner and classes their controller', () => {
    expect(refusals(ipAddressStrategy, address('a'), address('b'))).toEqual(['spec.parentRef: field is immutable']);
    expect(refusals(ingressClassStrategy, ingressClass('a.io/x'), ingressClass('a.io/y'))).toEqual([
      'spec.controller: field is immutable',
    ]);
  });

  it('KIND-15: the version of a target is looked at when it changes', () => {
    const old = autoscaler('', 'Deployment');
    expect(refusals(horizontalPodAutoscalerStrategy, old, old)).toEqual([]);
    expect(refusals(horizontalPodAutoscalerStrategy, old, autoscaler('v1', 'ReplicationController'))).toEqual([]);
    expect(refusals(horizontalPodAutoscalerStrategy, old, autoscaler('v1', 'Deployment'))).toEqual([
      'spec.scaleTargetRef.apiVersion: apiVersion must specify API group',
    ]);
  });
});
