import { Schema } from '@regatta/api';
import { MetricsRegistry, SystemClock } from '@regatta/runtime';
import { afterEach, expect, it } from 'vitest';
import { admissionPlugins, ExtensionMetrics } from '../../src/admission/mod.ts';
import { ResourceRegistry } from '../../src/registry/resource-registry.ts';
import { WebhookClient } from '../../src/webhooks/webhook-client.ts';
import { cleanUp, openAuth, openServer, user } from '../auth/fixture.ts';
import { attributesOf } from './fixture.ts';

afterEach(cleanUp);
const reach = {
  client: new WebhookClient(new SystemClock(), undefined),
  metrics: new ExtensionMetrics(new MetricsRegistry()),
  resources: new ResourceRegistry(Schema.load(), new Map()),
};

it("ADM-1: plugins run in upstream's order", async () => {
  const server = await openServer();
  const plugins = admissionPlugins(server, await openAuth(server), reach);
  expect(plugins.map((plugin) => plugin.name)).toEqual([
    'NamespaceLifecycle',
    'LimitRanger',
    'ServiceAccount',
    'NodeRestriction',
    'TaintNodesByCondition',
    'PodSecurity',
    'Priority',
    'DefaultTolerationSeconds',
    'DefaultStorageClass',
    'StorageObjectInUseProtection',
    'PersistentVolumeClaimResize',
    'RuntimeClass',
    'CertificateApproval',
    'CertificateSigning',
    'CertificateSubjectRestriction',
    'DefaultIngressClass',
    'PodTopologyLabels',
    'RBACEscalation',
    'MutatingAdmissionPolicy',
    'MutatingAdmissionWebhook',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionWebhook',
    'GuestLimits',
    'ResourceQuota',
  ]);
});

it('ADM-12: writes of roles are checked for escalation', async () => {
  const server = await openServer();
  const plugin = admissionPlugins(server, await openAuth(server), reach).find(({ name }) => name === 'RBACEscalation');
  const attributes = attributesOf({
    what: 'CREATE roles.rbac.authorization.k8s.io',
    namespace: 'a',
    object: {
      metadata: { name: 'r' },
      rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
    } as object as {
      metadata: { name: string };
    },
    user: user('alice'),
  });
  expect(plugin?.handles(attributes)).toBe(true);
  expect(() => plugin?.admit?.(attributes)).toThrow(
    'roles.rbac.authorization.k8s.io "r" is forbidden: user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["get"]}',
  );
});
