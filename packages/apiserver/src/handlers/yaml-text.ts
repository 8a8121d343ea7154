/**
 * YAML answers, written as sigs.k8s.io/yaml writes them: sorted keys, lists not indented. Loaded when the first is asked for.
 */
import { stringify, type Tags } from 'yaml';

export function toYaml(value: unknown): string {
  return stringify(value, {
    indentSeq: false,
    lineWidth: 0,
    sortMapEntries: true,
    aliasDuplicateObjects: false,
    version: '1.1',
    customTags: readableFloats,
  });
}

/** YAML 1.1 has floats without a digit; Go's reader has not, so that the `.` of managed fields needs no quotes. */
function readableFloats(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:float' || !('test' in tag) || !tag.test) return tag;
    const { source, flags } = tag.test;
    return { ...tag, test: new RegExp(`(?=.*[0-9a-z])(?:${source})`, flags) };
  });
}
