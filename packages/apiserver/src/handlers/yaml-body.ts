/**
 * YAML bodies, read as sigs.k8s.io/yaml reads them: YAML 1.1 scalars, then JSON's meaning. Loaded when the first one comes.
 */
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, type Tags } from 'yaml';
import { yamlProblem } from './yaml-problem.ts';

/** Nested anchors can make a small text a huge value. */
const MAX_ALIASES = 100;

export interface ParsedYaml {
  readonly value: unknown;
  /** At most one: what a strict reader says of the keys that are there twice. */
  readonly strictErrors: readonly string[];
}

/** The first document of the text. @throws Error in go-yaml's words */
export function parseYaml(text: string): ParsedYaml {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    schema: 'yaml-1.1',
    uniqueKeys: false,
    prettyErrors: false,
    customTags: withoutTimestamps,
    lineCounter,
    // What is odd is told to the client; the library would tell this process's standard error.
    logLevel: 'error',
  });
  const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (error) throw new Error(`yaml: ${yamlProblem(text, error)}`);
  const repeated = repeatedKeys(document, lineCounter);
  return {
    value: document.toJS({ maxAliasCount: MAX_ALIASES }),
    strictErrors: repeated.length > 0 ? [`yaml: unmarshal errors:\n  ${repeated.join('\n  ')}`] : [],
  };
}

/** JSON has no dates: what looks like one is text. */
function withoutTimestamps(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:timestamp');
}

function repeatedKeys(document: Document, lines: LineCounter): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (isSeq(node)) node.items.forEach(visit);
    if (!isMap(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      visit(value);
      const name = isScalar(key) ? String(key.value) : '';
      if (seen.has(name)) {
        // go-yaml names the line of the value.
        const offset = rangeStart(value) ?? rangeStart(key) ?? 0;
        found.push(`line ${lines.linePos(offset).line}: key ${JSON.stringify(name)} already set in map`);
      }
      seen.add(name);
    }
  };
  visit(document.contents);
  return found;
}

function rangeStart(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
}
