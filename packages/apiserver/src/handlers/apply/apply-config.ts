/**
 * The body of an apply: YAML, of which JSON is a part (upstream: applyPatcher of endpoints/handlers/patch.go).
 */
import { cloneJson, parseJson, statusErrors } from '@regatta/api';
import type { ApiCall } from '../../server/api-call.ts';
import { headerValue } from '../../server/exchange.ts';
import { mediaType } from '../decode-body.ts';

const APPLY_YAML = 'application/apply-patch+yaml';

export function isApply(call: ApiCall): boolean {
  return mediaType(headerValue(call.request, 'content-type')) === APPLY_YAML;
}

export interface ApplyConfig {
  readonly value: Readonly<Record<string, unknown>>;
  /** What a strict reader has against the text; unknown fields are refused anyway. */
  readonly strictProblem: string | undefined;
}

/** @throws StatusError 400 */
export async function readConfig(bytes: Uint8Array): Promise<ApplyConfig> {
  const { value, strictErrors } = jsonConfig(bytes) ?? (await yamlConfig(bytes));
  const [strict] = strictErrors;
  return {
    value: asObject(value),
    strictProblem: strict === undefined ? undefined : `error converting YAML to JSON: ${strict}`,
  };
}

interface Parsed {
  readonly value: unknown;
  readonly strictErrors: readonly string[];
}

/** Clients send JSON, which needs no YAML parser unless keys are there twice. */
function jsonConfig(bytes: Uint8Array): Parsed | undefined {
  try {
    const { value, duplicates } = parseJson(bytes);
    return duplicates.length === 0 ? { value: cloneJson(value), strictErrors: [] } : undefined;
  } catch {
    return undefined;
  }
}

async function yamlConfig(bytes: Uint8Array): Promise<Parsed> {
  const { parseYaml } = await import('../yaml-body.ts');
  try {
    return parseYaml(Buffer.from(bytes).toString());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw statusErrors.badRequest(`error decoding YAML: error converting YAML to JSON: ${why}`);
  }
}

function asObject(value: unknown): Record<string, unknown> {
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw statusErrors.badRequest(
    `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
  );
}
