/** The readers of LevelDB's file forms, each by itself. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../src/level/integrity/crc32c.ts';
import { readLogFile } from '../src/level/integrity/log-file.ts';
import { uncompress } from '../src/level/integrity/snappy.ts';
import { tableIsWhole } from '../src/level/integrity/table-file.ts';

describe('ST-35: readers of files', () => {
  it('CRC-32C: the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from('56789'), crc32c(Buffer.from('1234')))).toBe(crc32c(Buffer.from('123456789')));
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it.each([
    ['a literal', [3, 0x08, 0x61, 0x62, 0x63], 'abc'],
    ['a long literal', [62, 0xf0, 61, ...Buffer.from('x'.repeat(62))], 'x'.repeat(62)],
    ['a copy that reaches into itself', [10, 0x04, 0x61, 0x62, 0x11, 0x02], 'ababababab'],
    ['a copy with two bytes of distance', [5, 0x08, 0x61, 0x62, 0x63, 0x06, 0x03, 0x00], 'abcab'],
    ['a copy with four bytes of distance', [5, 0x08, 0x61, 0x62, 0x63, 0x07, 0x02, 0x00, 0x00, 0x00], 'abcbc'],
  ])('Snappy: %s', (_, bytes, expected) => {
    expect(uncompress(Buffer.from(bytes)).toString()).toBe(expected);
  });

  it.each([
    ['cut', [10, 0x04, 0x61]],
    ['too short for its length', [10, 0x04, 0x61, 0x62]],
    ['a copy from before the start', [10, 0x04, 0x61, 0x62, 0x11, 0x09]],
  ])('Snappy: %s is refused', (_, bytes) => {
    expect(() => uncompress(Buffer.from(bytes))).toThrowError(RangeError);
  });

  it('tables and logs as LevelDB writes them, with values of every size and a compressed index', async () => {
    const path = await mkdtemp(join(tmpdir(), 'regatta-level-'));
    const level = new ClassicLevel(path);
    for (let i = 0; i < 8000; i++) {
      await level.put(`/registry/pods/namespace-with-a-long-name/pod-${i}`, 'value '.repeat((i * 7) % 90));
    }
    await level.put('large', 'x'.repeat(200_000));
    await level.compactRange('a', 'z');
    await level.put('in the log', 'x'.repeat(100_000));
    await level.close();
    let tables = 0;
    for (const name of await readdir(path)) {
      const bytes = await readFile(join(path, name));
      if (name.endsWith('.ldb')) {
        tables++;
        expect(tableIsWhole(bytes)).toBe(true);
        bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
        expect(tableIsWhole(bytes)).toBe(false);
        expect(tableIsWhole(bytes.subarray(1))).toBe(false);
      }
      if (name.endsWith('.log')) {
        const { records, torn, damagedAt } = readLogFile(bytes);
        expect([records.length, torn, damagedAt]).toEqual([1, false, undefined]);
        expect(readLogFile(bytes.subarray(0, 70_000))).toMatchObject({ torn: true, records: [] });
      }
    }
    expect(tables).toBeGreaterThan(0);
    await rm(path, { recursive: true, force: true });
  });
});
