/**
 * The selectors that tests use: `a=b,c!=d` on labels, and on any dotted field path.
 */
import type { KubeObject } from '@regatta/api';

export type Matcher = (object: KubeObject) => boolean;

export function matcher(query: URLSearchParams, namespace: string | undefined): Matcher {
  const labels = requirements(query.get('labelSelector'));
  const fields = requirements(query.get('fieldSelector'));
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    labels.every(({ key, value, equal }) => (object.metadata.labels?.[key] === value) === equal) &&
    fields.every(({ key, value, equal }) => (fieldOf(object, key) === value) === equal);
}

function requirements(selector: string | null): { key: string; value: string; equal: boolean }[] {
  return (selector ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [, key = '', operator, value = ''] = /^(.*?)(!=|==?)(.*)$/.exec(part) ?? [];
      if (operator === undefined) throw new Error(`the memory API does not know the selector ${part}`);
      return { key, value, equal: operator !== '!=' };
    });
}

function fieldOf(object: unknown, path: string): string {
  let value = object;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return '';
    value = Object.getOwnPropertyDescriptor(value, name)?.value;
  }
  return value === undefined ? '' : String(value);
}
