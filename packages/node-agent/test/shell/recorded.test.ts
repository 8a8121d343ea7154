/**
 * What real shells print and give back for a few hundred small scripts (recorded/record.mjs), compared with ours.
 */
import fs from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';

interface RecordedCase {
  readonly title: string;
  readonly script: string;
  readonly out: string;
  readonly err: string;
  readonly code: number | string;
}

interface Recording {
  readonly version: string;
  readonly cases: readonly RecordedCase[];
}

const DIRECTORY = '/tmp/case';
const SHELLS = [
  { dialect: 'ash', image: 'busybox', command: 'sh' },
  { dialect: 'dash', image: 'nginx', command: 'sh' },
  { dialect: 'bash', image: 'nginx', command: 'bash' },
] as const;

function recording(dialect: string): Recording {
  return JSON.parse(fs.readFileSync(new URL(`recorded/${dialect}.json`, import.meta.url), 'utf8')) as Recording;
}

function shown({ out, err, code }: { readonly out: string; readonly err: string; readonly code: number }): string {
  return `${out}--- ${code}\n${err}`;
}

for (const { dialect, image, command } of SHELLS) {
  const { version, cases } = recording(dialect);
  describe(`SH-1: ${dialect} does what ${version} does`, () => {
    let container: RunningContainer;
    beforeAll(async () => {
      container = await new TestContainers().start(image, {
        command: ['sleep', 'infinity'],
        workingDir: DIRECTORY,
        env: [
          { name: 'HOME', value: '/root' },
          { name: 'PATH', value: '/usr/bin:/bin' },
        ],
      });
    });

    for (const { title, script, out, err, code } of cases) {
      it(title, async () => {
        await container.exec(['rm', '-rf', DIRECTORY]);
        await container.exec(['mkdir', '-p', DIRECTORY]);
        const result = await container.exec([command, '-c', script], '');
        const expected = { out, err, code: typeof code === 'number' ? code : 137 };
        expect(shown(result)).toBe(shown(expected));
      });
    }
  });
}
