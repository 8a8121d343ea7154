import { describe, expect, it } from 'vitest';
import { matchesNodeSelectorTerm } from '../src/mod.ts';

const node = { name: 'n1', labels: { zone: 'a', cores: '9007199254740993', word: 'many' } };
const expression = (key: string, operator: string, ...values: string[]): boolean =>
  matchesNodeSelectorTerm({ matchExpressions: [{ key, operator, values }] }, node);

describe('node selector terms', () => {
  it('API-55: operators hold by the label; Gt and Lt compare integers of any size and nothing else', () => {
    expect([expression('zone', 'In', 'a', 'b'), expression('zone', 'In', 'b'), expression('none', 'In', 'a')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([expression('zone', 'NotIn', 'a'), expression('none', 'NotIn', 'a')]).toEqual([false, true]);
    expect([
      expression('zone', 'Exists'),
      expression('toString', 'Exists'),
      expression('none', 'DoesNotExist'),
    ]).toEqual([true, false, true]);
    expect([expression('cores', 'Gt', '9007199254740992'), expression('cores', 'Lt', '9007199254740992')]).toEqual([
      true,
      false,
    ]);
    expect([expression('word', 'Gt', '1'), expression('cores', 'Gt', 'x'), expression('cores', 'Gt')]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('API-56: all of a term must hold; a term without anything matches nothing', () => {
    const byName = { key: 'metadata.name', operator: 'In', values: ['n1'] };
    expect(matchesNodeSelectorTerm({}, node)).toBe(false);
    expect(matchesNodeSelectorTerm({ matchFields: [byName] }, node)).toBe(true);
    expect(
      matchesNodeSelectorTerm(
        { matchFields: [byName], matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] },
        node,
      ),
    ).toBe(false);
  });
});
