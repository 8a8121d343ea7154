/** The audit log's file: bounds, rotation, a disk that takes nothing. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, silentLogger } from '@regatta/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/audit/audit-event.ts';
import { AuditLog, AuditLogLimits, type AuditLogOptions } from '../../src/audit/audit-log.ts';
import { DEFAULT_AUDIT_POLICY } from '../../src/audit/default-policy.ts';
import { requestInfo } from '../../src/server/request-info.ts';

const URL = '/api/v1/namespaces/default/pods/p';

function record(id: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    level: 'Metadata',
    stage: 'ResponseComplete',
    auditId: id,
    method: 'GET',
    url: URL,
    info: requestInfo('GET', URL),
    user: { name: 'alice', groups: [] },
    sourceIPs: [],
    userAgent: '',
    receivedAt: 0,
    at: 0,
    code: 200,
    annotations: new Map(),
    omitManagedFields: false,
    ...more,
  };
}

describe('the audit log file', () => {
  let folder: string;
  let clock: FakeClock;
  const open = (more: Partial<AuditLogOptions> = {}): Promise<AuditLog> =>
    AuditLog.open({
      file: join(folder, 'audit.log'),
      policy: DEFAULT_AUDIT_POLICY,
      maxSize: 2_000,
      maxBackups: 2,
      maxAge: 0,
      clock,
      logger: silentLogger,
      ...more,
    });
  beforeEach(async () => {
    clock = new FakeClock();
    folder = await mkdtemp(join(tmpdir(), 'regatta-audit-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('AUD-6: is put aside when it is full; only so many older parts are kept', async () => {
    const ids = Array.from({ length: 6 }, (_, round) => `round-${round}`);
    for (const id of ids) {
      const log = await open({ maxSize: 600 });
      for (let i = 0; i < 2; i++) log.write(record(id));
      await log.close();
      await clock.advance(1_000);
    }
    const files = (await readdir(folder)).sort();
    expect(files).toEqual([
      expect.stringMatching(/^audit-.*\.log$/),
      expect.stringMatching(/^audit-.*\.log$/),
      'audit.log',
    ]);
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    expect(texts.map((text) => /round-\d/.exec(text)?.[0])).toEqual(['round-3', 'round-4', 'round-5']);
  });

  it('AUD-6: older parts go when their time is over', async () => {
    for (const [round, pause] of [3_600_000, 7_200_000, 0].entries()) {
      const log = await open({ maxSize: 100, maxBackups: 0, maxAge: 5_400_000 });
      log.write(record(`round-${round}`));
      await log.close();
      await clock.advance(pause);
    }
    const log = await open({ maxSize: 100, maxBackups: 0, maxAge: 5_400_000 });
    await log.close();
    const texts = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
    expect(texts.map((text) => /round-\d/.exec(text)?.[0]).sort()).toEqual(['round-1', 'round-2']);
  });

  it('AUD-7: what there is no room for is dropped and counted, by number and by bytes', async () => {
    const log = await open();
    for (let i = 0; i < AuditLogLimits.records + 3; i++) log.write(record('many'));
    expect(log.dropped).toBe(3);
    await log.close();
    expect(log.written).toBe(AuditLogLimits.records);
    const large = await open();
    const requestBody = { bytes: new Uint8Array(AuditLogLimits.bytes / 2), mediaType: 'application/json' };
    for (let i = 0; i < 3; i++) large.write(record('large', { requestBody }));
    expect(large.dropped).toBe(1);
    await large.close();
  });

  it('AUD-7: a disk that does not take it stops nobody; what was lost is counted', async () => {
    const log = await open({ maxSize: 100 });
    log.write(record('first'));
    await log.close();
    const next = await open({ maxSize: 100 });
    await rm(folder, { recursive: true, force: true });
    next.write(record('second'));
    await next.close();
    expect([next.written, next.dropped]).toEqual([0, 1]);
  });
});
