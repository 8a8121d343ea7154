/** Custom resources as stock kubectl shows them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute, kubectlPath, TestCluster } from './support/cluster.ts';

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, kind: CronTab, shortNames: [ct], categories: [all]}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [cronSpec]
              properties:
                cronSpec: {type: string, pattern: '^(\\S+\\s+){4}\\S+$', description: When it runs.}
                image: {type: string, default: busybox}
                replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
              x-kubernetes-validations:
                - {rule: "self.replicas < 5 || self.image != 'busybox'", message: too many busyboxes}
      subresources:
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
      additionalPrinterColumns:
        - {name: Spec, type: string, jsonPath: .spec.cronSpec}
        - {name: Replicas, type: integer, jsonPath: .spec.replicas}
`;

function cronTab(spec: object): string {
  const metadata = { name: 'my-cron' };
  return JSON.stringify({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata, spec });
}

describe('custom resources with stock kubectl', () => {
  let cluster: TestCluster;
  const feed = (input: string, ...args: string[]): ReturnType<typeof execute> =>
    execute(kubectlPath, ['--kubeconfig', cluster.kubeconfig, ...args, '-f', '-'], input);
  beforeAll(async () => {
    cluster = await TestCluster.start({ nodes: 1, speed: 40 });
    await feed(DEFINITION, 'apply');
    await cluster.kubectl('wait', '--for=condition=Established', 'crd/crontabs.stable.example.com', '--timeout=10s');
  });
  afterAll(() => cluster.dispose());

  it('E2E-60: are applied, listed by short name and category, scaled, explained and deleted with their definition', async () => {
    await feed(cronTab({ cronSpec: '* * * * */5' }), 'apply', '--server-side');
    const listed = await cluster.kubectl('get', 'ct');
    expect(listed.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['NAME', 'SPEC', 'REPLICAS'],
      ['my-cron', '* * * * */5', '1'],
    ]);
    expect(await cluster.kubectl('get', 'all')).toContain('crontab.stable.example.com/my-cron');
    await cluster.kubectl('scale', 'ct/my-cron', '--replicas=4');
    const refused = await cluster.tryKubectl('scale', 'ct/my-cron', '--replicas=6');
    expect(refused.stderr).toContain('too many busyboxes');
    const explained = await cluster.kubectl('explain', 'crontab.spec.cronSpec');
    expect(explained).toContain('When it runs.');
    const unknown = await feed(cronTab({ cronSpec: '* * * * *', odd: 1 }), 'apply');
    expect(unknown.stderr).toContain('unknown field "spec.odd"');
    await cluster.kubectl('delete', 'crd', 'crontabs.stable.example.com', '--timeout=20s');
    expect((await cluster.tryKubectl('get', 'ct')).code).toBe(1);
  });
});
