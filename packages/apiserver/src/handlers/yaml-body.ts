/**
 * YAML bodies, read as sigs.k8s.io/yaml reads them: YAML 1.1 scalars, then JSON's meaning. Loaded when the first one comes.
 */
import { parseDocument } from 'yaml';

/** Nested anchors can make a small text a huge value. */
const MAX_ALIASES = 100;

export function parseYaml(text: string): { readonly value: unknown; readonly strictErrors: string[] } {
  const document = parseDocument(text, { version: '1.1', schema: 'yaml-1.1', uniqueKeys: false, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw new Error(`yaml: ${error.message}`);
  return { value: document.toJS({ maxAliasCount: MAX_ALIASES }), strictErrors: [] };
}
