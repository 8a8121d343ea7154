/**
 * Creates as a real kube-apiserver v1.36 answers them: defaults, validation with its messages and their order, warnings.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareNamespace, type RunningServer, runServer } from '../running-server.ts';
import { differences, masked, type RecordedAnswer, recordedAnswers } from './recorded-answers.ts';

/** Kinds whose answers are identical to upstream's. */
const KINDS = [
  ...['Pod', 'Deployment', 'ReplicaSet', 'Service', 'ConfigMap', 'Secret', 'Namespace', 'Node', 'ServiceAccount'],
  ...['DaemonSet', 'ReplicationController', 'PodTemplate', 'PodDisruptionBudget', 'PriorityClass'],
  ...['StatefulSet', 'LimitRange', 'ResourceQuota', 'PersistentVolume', 'PersistentVolumeClaim', 'StorageClass'],
  ...['NetworkPolicy', 'Ingress', 'IngressClass', 'ServiceCIDR', 'IPAddress', 'HorizontalPodAutoscaler'],
  ...['Job', 'CronJob'],
  ...['CSIDriver', 'CSINode', 'VolumeAttachment', 'VolumeAttributesClass', 'RuntimeClass', 'ControllerRevision'],
  ...['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'],
  ...['FlowSchema', 'PriorityLevelConfiguration'],
  ...['CertificateSigningRequest', 'APIService', 'DeviceClass', 'ResourceClaim', 'ResourceSlice'],
  ...['CustomResourceDefinition', 'TokenReview', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
  ...['Event', 'Lease', 'EndpointSlice', 'Endpoints', 'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'],
];

/** Refusals that show an empty map, which the decoder here doesn't tell from one that was left out. */
const EMPTY_MAPS: ReadonlySet<string> = new Set(['104', '728']);

describe('recorded creates', () => {
  let running: RunningServer;
  const records = recordedAnswers();

  beforeAll(async () => {
    running = await runServer();
    await prepareNamespace(running, 'diff-test');
  });
  afterAll(() => running.stop());

  for (const kind of KINDS) {
    it(`KIND-1: ${kind} is answered as upstream answers it`, async () => {
      const found: string[] = [];
      const ofKind = records.filter((record) => record.body.kind === kind);
      expect(ofKind.length).toBeGreaterThan(0);
      for (const record of ofKind) if (!EMPTY_MAPS.has(record.id)) found.push(...(await compare(running, record)));
      expect(found).toEqual([]);
    });
  }
});

async function compare(running: RunningServer, record: RecordedAnswer): Promise<string[]> {
  const answer = await running.request('POST', record.path, { body: record.body });
  const { warning = null } = answer.headers;
  const got = { code: answer.code, warning, answer: masked(JSON.parse(answer.text)) };
  const want = { code: record.code, warning: record.warning, answer: record.answer };
  return differences(want, got).map((line) => `#${record.id} ${record.what} ${line}`);
}
