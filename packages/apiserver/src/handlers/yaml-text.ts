/**
 * YAML answers, written as sigs.k8s.io/yaml writes them: sorted keys, lists not indented. Loaded when the first is asked for.
 */
import { stringify } from 'yaml';

export function toYaml(value: unknown): string {
  return stringify(value, {
    indentSeq: false,
    lineWidth: 0,
    sortMapEntries: true,
    aliasDuplicateObjects: false,
    version: '1.1',
  });
}
