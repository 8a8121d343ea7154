/** The stages of one request, whatever becomes of it. */
import { statusErrors } from '@regatta/api';
import { describe, expect, it } from 'vitest';
import { type AuditRecord, auditLine } from '../../src/audit/audit-event.ts';
import type { AuditLevel, AuditStage } from '../../src/audit/audit-policy.ts';
import { AuditTrail } from '../../src/audit/audit-trail.ts';
import type { ServerRequest, StreamResponse } from '../../src/server/exchange.ts';
import { requestInfo } from '../../src/server/request-info.ts';

const URL = '/api/v1/namespaces/a/configmaps';
const BODY = Buffer.from('{"metadata":{"name":"m","managedFields":[1]}}');

function trail(
  level: AuditLevel,
  omitStages: readonly AuditStage[] = [],
): { records: AuditRecord[]; trail: AuditTrail } {
  const records: AuditRecord[] = [];
  const request: ServerRequest = {
    method: 'POST',
    url: URL,
    headers: { 'content-type': 'application/json', 'x-forwarded-for': '10.0.0.1, evil\n, ::1' },
    credentials: {},
    certificateRejected: false,
    remoteAddress: '::ffff:127.0.0.1',
    body: () => BODY,
    isGone: () => false,
    signal: new AbortController().signal,
  };
  const subject = {
    auditId: 'id',
    request,
    info: requestInfo('POST', URL),
    user: { name: 'alice', groups: [] },
    receivedAt: 0,
  };
  const verdict = { level, omitStages, omitManagedFields: true };
  const sink = { verdict: () => verdict, write: (record: AuditRecord) => void records.push(record) };
  return { records, trail: new AuditTrail(subject, [{ sink, verdict }], () => 1) };
}

const stages = (records: readonly AuditRecord[]): (string | number | undefined)[][] =>
  records.map(({ stage, code }) => [stage, code]);
const answer = (code: number): { code: number; headers: Record<string, string>; body: Uint8Array[] } => ({
  code,
  headers: { 'content-type': 'application/json' },
  body: [Buffer.from('{"kind":"ConfigMap",'), Buffer.from('"metadata":{"managedFields":[2]}}')],
});

describe('an audit trail', () => {
  it('AUD-4: a request is received and completed; a stage that is omitted is not written', () => {
    const whole = trail('Metadata');
    whole.trail.answered(answer(201));
    expect(stages(whole.records)).toEqual([
      ['RequestReceived', undefined],
      ['ResponseComplete', 201],
    ]);
    const less = trail('Metadata', ['RequestReceived']);
    less.trail.answered(answer(201));
    expect(stages(less.records)).toEqual([['ResponseComplete', 201]]);
  });

  it('AUD-4: a defect is a Panic, and nothing after it', () => {
    const { records, trail: one } = trail('Metadata', ['RequestReceived']);
    one.panicked(statusErrors.internal('boom'));
    one.answered(answer(500));
    expect(stages(records)).toEqual([['Panic', 500]]);
    expect(records[0]?.status?.message).toContain('boom');
  });

  it('AUD-4: a stream is completed when it ends, also when it breaks', async () => {
    const { records, trail: one } = trail('RequestResponse', ['RequestReceived']);
    const broken: StreamResponse = { code: 200, headers: {}, stream: () => Promise.reject(new Error('cut')) };
    const followed = one.answered(broken) as StreamResponse;
    expect(stages(records)).toEqual([['ResponseStarted', 200]]);
    const sink = { write: () => true, drained: () => Promise.resolve(), signal: new AbortController().signal };
    await expect(followed.stream(sink)).rejects.toThrow('cut');
    expect(stages(records)).toEqual([
      ['ResponseStarted', 200],
      ['ResponseComplete', 200],
    ]);
  });

  it('AUD-2: a body that nobody was allowed to send is not written', async () => {
    const refused = trail('RequestResponse', ['RequestReceived']);
    refused.trail.decided({ verdict: 'no-opinion', reason: 'no' });
    refused.trail.answered(answer(403));
    expect(refused.records[0]?.requestBody).toBeUndefined();
    const allowed = trail('RequestResponse', ['RequestReceived']);
    allowed.trail.decided({ verdict: 'allow', reason: '' });
    allowed.trail.answered(answer(201));
    const [record] = allowed.records;
    expect(JSON.parse(record ? await auditLine(record) : '')).toMatchObject({
      sourceIPs: ['10.0.0.1', '::1', '127.0.0.1'],
      requestObject: { metadata: { name: 'm' } },
      responseObject: { kind: 'ConfigMap', metadata: {} },
    });
    expect(record && (await auditLine(record))).not.toContain('managedFields');
  });
});
