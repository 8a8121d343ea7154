import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { literalSeparators } from '../../src/programs/library/awk-separator.ts';
import { treatsLinesAlone } from '../../src/programs/library/line-by-line.ts';
import { type RunningContainer, TestContainers } from '../support/test-container.ts';

describe("awk's field separator", () => {
  const containers = new TestContainers();
  let box: RunningContainer;
  beforeAll(async () => {
    box = await containers.start('busybox', { args: ['sleep', '1000000'] });
  });
  afterAll(() => containers.runtime.stopContainer(box.id, 0));

  it.each([
    ["echo a.b | awk -F. '{print $2}'", 'b'],
    ["echo 'a|b' | awk -F '|' '{print $2}'", 'b'],
    [`echo a.b | awk 'BEGIN { FS = "." } { print $2 }'`, 'b'],
    [`echo 'a^b' | awk 'BEGIN{FS="^"}{print $2}'`, 'b'],
    [`echo 'a^b' | awk -F^ '{print $2}'`, 'b'],
    ["echo a.b | awk -v FS=. -v OFS=- '{print $2, $1}'", 'b-a'],
    [`echo a b | awk -v OFS='\\t"' '{print $1, $2}'`, 'a\t"b'],
    ["echo a,b | awk -vFS=, '{print $2}'", 'b'],
    [`echo a12b | awk 'BEGIN{FS="[0-9]+"}{print $2}'`, 'b'],
    [`echo ' a  b' | awk 'BEGIN{FS=" "}{print $2}'`, 'b'],
  ])('SH-15: %s', async (script, out) => {
    expect(await box.exec(['sh', '-c', script])).toMatchObject({ code: 0, out: `${out}\n`, err: '' });
  });

  it('SH-15: scripts that set separators and treat each line by itself flow', () => {
    const flows = (...words: string[]) => treatsLinesAlone('awk', literalSeparators(words));
    expect(flows('-v', 'OFS=,', '{print $1, $2}')).toBe(true);
    expect(flows('BEGIN { FS = "." } { print $2 }')).toBe(true);
    expect(flows('BEGIN { FS = "."; print } { print $2 }')).toBe(false);
    expect(flows('-v', 'OFS=,', '{n += $1} END {print n}')).toBe(false);
  });

  it('SH-15: what only looks like a separator stays as it is', () => {
    for (const words of [
      ['{print "FS=\\".\\""} # FS="."'],
      ['FS == "." {print}'],
      ['-f', 'program', 'FS="."'],
      ['{print}', 'FS="."'],
      ['-F'],
    ]) {
      expect(literalSeparators(words)).toEqual(words);
    }
  });
});
