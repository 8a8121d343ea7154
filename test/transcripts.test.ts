/** Recorded requests and a real control plane's answers, replayed on a whole cluster. What differs on purpose is named. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { TestCluster } from './support/cluster.ts';
import { recordedTranscripts, replay, type Target } from './support/transcripts.ts';

/** Each differs in nothing but what is said here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'list#7': 'the recorded cluster has another root certificate',
  'list#15': 'the same',
  'list#25': 'the same',
  'endpoints#6': 'it listened elsewhere',
  'patch#34': 'our controllers have written the number of replicas by then',
  'patch#35': 'the same',
  'patch#37': 'the same',
};

let cluster: TestCluster;
let target: Target;
beforeAll(async () => {
  // At upstream's pace nobody collects Pods of nodes that never were before the script is done with them.
  cluster = await TestCluster.start({ nodes: 1, speed: 1 });
  const { user } = JSON.parse(
    await cluster.kubectl('config', 'view', '--raw', '--flatten', '-o', 'jsonpath={.users[0]}'),
  ) as { user: Record<string, string> };
  const decode = (name: string): Buffer => Buffer.from(user[name] ?? '', 'base64');
  target = {
    port: cluster.port,
    ca: fs.readFileSync(path.join(cluster.dataDir, 'pki', 'ca.crt')),
    cert: decode('client-certificate-data'),
    key: decode('client-key-data'),
  };
});
afterAll(() => cluster?.end('SIGKILL'));

describe('recorded answers of kube-apiserver', () => {
  for (const [topic, records] of recordedTranscripts()) {
    it.concurrent(`SRV-1: topic ${topic} is answered as upstream answers it`, async ({ expect }) => {
      let compared = 0;
      for await (const { title, want, got } of replay(target, topic, records)) {
        const [id = ''] = title.split(' ');
        if (!(id in ELSEWHERE)) expect.soft(got, title).toEqual(want);
        compared++;
      }
      expect(compared).toBeGreaterThan(0);
    });
  }
});
