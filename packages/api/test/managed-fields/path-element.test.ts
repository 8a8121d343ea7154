import { describe, expect, it } from 'vitest';
import { compareElements, elementText } from '../../src/managed-fields/path-element.ts';

describe('FUZZ-1: items of sets that are objects', () => {
  it.each([
    ['v:"a"', '[="a"]'],
    ['v:1', '[=1]'],
    ['v:[{"toString":"x","valueOf":1}]', '[=[{"toString":"x","valueOf":1}]]'],
    ['k:{"name":{"toString":"x"}}', '[name={"toString":"x"}]'],
  ])('%s is %s', (element, text) => {
    expect(elementText(element)).toBe(text);
  });

  it('have an order', () => {
    const items = ['v:[{"toString":"x"}]', 'v:[1]', 'v:{"valueOf":1}'];
    expect([...items].sort(compareElements)).toEqual([items[1], items[0], items[2]]);
  });
});
