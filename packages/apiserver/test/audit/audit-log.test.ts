/** The audit log of a whole server: what is written, at which level, and what never is. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '@regatta/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAuditPolicy } from '../../src/audit/policy-file.ts';
import { type RunningServer, runServer } from '../running-server.ts';

const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver"]
- level: Metadata
  resources: [{group: "", resources: ["secrets"]}]
- level: RequestResponse
  omitManagedFields: true
  namespaces: [default]
  resources: [{group: "", resources: ["configmaps"]}]
- level: Request
  omitStages: [ResponseStarted]
  verbs: [create]
- level: None
  nonResourceURLs: ["/readyz*"]
- level: RequestResponse
  nonResourceURLs: ["/regatta/*"]
- level: Metadata
`;

interface Line {
  readonly auditID: string;
  readonly stage: string;
  readonly [field: string]: unknown;
}

describe('the audit log', () => {
  let running: RunningServer;
  let file: string;
  beforeAll(async () => {
    running = await runServer(silentLogger, async (dataDir) => {
      file = join(dataDir, 'audit', 'audit.log');
      const policy = parseAuditPolicy(POLICY, 'test');
      return { audit: { file, policy, maxSize: 1 << 30, maxBackups: 1, maxAge: 0 } };
    });
  });
  afterAll(() => running.stop());

  /** The lines of one request, when its last one is there. */
  const linesOf = async (id: string, last = 'ResponseComplete'): Promise<Line[]> => {
    let found: Line[] = [];
    await expect
      .poll(async () => {
        const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
        found = lines.map((line) => JSON.parse(line) as Line).filter(({ auditID }) => auditID === id);
        return found.map(({ stage }) => stage);
      })
      .toContain(last);
    return found;
  };
  const ask = async (method: string, path: string, asked: Parameters<RunningServer['request']>[2] = {}) => {
    const answer = await running.request(method, path, asked);
    return { ...answer, id: String(answer.headers['audit-id']) };
  };

  it("AUD-1: a line of upstream's form for a request, whose id the answer has too", async () => {
    const { id } = await ask('GET', '/api/v1/namespaces/default/pods?limit=5', {
      headers: { 'user-agent': 'kubectl/v1.36' },
    });
    const [line, ...more] = await linesOf(id);
    expect(more).toEqual([]);
    expect(line).toEqual({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: id,
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/default/pods?limit=5',
      verb: 'list',
      user: {
        username: 'kubernetes-admin',
        groups: ['system:masters', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=/)] },
      },
      sourceIPs: ['127.0.0.1'],
      userAgent: 'kubectl/v1.36',
      objectRef: { resource: 'pods', namespace: 'default', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 200 },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      stageTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    });
  });

  it('AUD-1: the id that a client gives itself is kept, cut off at 64 characters', async () => {
    const { id } = await ask('GET', '/api', { headers: { 'audit-id': 'x'.repeat(80) } });
    expect(id).toBe('x'.repeat(64));
    expect(await linesOf(id)).toHaveLength(1);
  });

  it('AUD-2: level Metadata never holds a body', async () => {
    const body = { metadata: { name: 's' }, stringData: { password: 'hunter2' } };
    const { id } = await ask('POST', '/api/v1/namespaces/default/secrets', { body });
    const [line] = await linesOf(id);
    expect(line).toMatchObject({ level: 'Metadata', verb: 'create', objectRef: { resource: 'secrets', name: 's' } });
    expect(await readFile(file, 'utf8')).not.toMatch(/hunter2|aHVudGVyMg/);
  });

  it('AUD-2: level Request has what was sent, level RequestResponse what was answered, without managedFields', async () => {
    const created = await ask('POST', '/api/v1/namespaces', { body: { metadata: { name: 'audited' } } });
    const [request] = await linesOf(created.id);
    expect(request).toMatchObject({ level: 'Request', requestObject: { metadata: { name: 'audited' } } });
    expect(request).not.toHaveProperty('responseObject');
    const map = await ask('POST', '/api/v1/namespaces/default/configmaps', {
      type: 'application/yaml',
      body: 'metadata: {name: one}\ndata: {a: b}\n',
    });
    const [both] = await linesOf(map.id);
    expect(both).toMatchObject({ requestObject: { data: { a: 'b' } }, responseObject: { data: { a: 'b' } } });
    expect(both).not.toHaveProperty('responseObject.metadata.managedFields');
    expect(both).toHaveProperty('responseObject.metadata.uid');
  });

  it('AUD-3: a refusal has its Status and why', async () => {
    const { id } = await ask('GET', '/api/v1/nodes', { anonymous: true });
    const [line] = await linesOf(id);
    expect(line).toMatchObject({
      user: { username: 'system:anonymous' },
      responseStatus: { status: 'Failure', reason: 'Forbidden', code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    });
    const bad = await ask('GET', '/api', { anonymous: true, headers: { authorization: 'Bearer nobody' } });
    expect((await linesOf(bad.id))[0]).toMatchObject({ responseStatus: { code: 401, reason: 'Unauthorized' } });
  });

  it('AUD-3: impersonation shows both', async () => {
    const { id } = await ask('GET', '/api/v1/nodes', { headers: { 'impersonate-user': 'bob' } });
    expect((await linesOf(id))[0]).toMatchObject({
      user: { username: 'kubernetes-admin' },
      impersonatedUser: { username: 'bob', groups: ['system:authenticated'] },
      authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
    });
  });

  it('AUD-4: a watch is written when it starts and when it ends', async () => {
    const { id } = await ask('GET', '/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=1');
    expect((await linesOf(id)).map(({ stage }) => stage)).toEqual(['ResponseStarted', 'ResponseComplete']);
  });

  it('AUD-5: what a rule of level None fits is not written', async () => {
    const { id } = await ask('GET', '/readyz');
    await linesOf((await ask('GET', '/version')).id);
    expect(await readFile(file, 'utf8')).not.toContain(id);
  });

  it('AUD-9: what lets people in is never written, whatever the policy says', async () => {
    const { id, text } = await ask('POST', '/regatta/v1/guests', { body: { name: 'alice' } });
    const { token, linkSecret } = JSON.parse(text) as { token: string; linkSecret: string };
    const [line] = await linesOf(id);
    expect(line).toMatchObject({ level: 'Metadata', verb: 'post', requestURI: '/regatta/v1/guests' });
    const log = await readFile(file, 'utf8');
    for (const secret of [token, linkSecret]) expect(log).not.toContain(secret);
  });

  it('AUD-6: only its owner reads the file, and its figures are in /metrics', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(file, '..'))).toEqual(['audit.log']);
    const { text } = await running.request('GET', '/metrics');
    expect(text).toMatch(/# TYPE apiserver_audit_event_total counter\napiserver_audit_event_total [1-9]/);
    expect(text).not.toContain('apiserver_audit_error_total');
  });
});
