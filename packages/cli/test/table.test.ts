/** Columns of text that others may have chosen. */
import { expect, it } from 'vitest';
import { table } from '../src/table.ts';

it('WS-36: a table obeys nobody, and its columns stand under each other', () => {
  const text = table(
    ['NAME', 'STATE'],
    [
      ['\u001b[2Jevil\n', 'on'],
      ['世界', '\u202Eoff'],
      ['a', ''],
    ],
  );
  expect(text.split('\n')).toEqual(['NAME        STATE', '\uFFFD[2Jevil    on', '世界        \uFFFDoff', 'a']);
});
