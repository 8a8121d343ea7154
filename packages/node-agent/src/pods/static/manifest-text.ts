/**
 * Reads a manifest's text, which is YAML or JSON. A module of its own, so that the parser is loaded with the first manifest.
 */
import { parse } from 'yaml';

/** @throws Error with the parser's words */
export function parseManifest(text: string): unknown {
  return parse(text);
}
