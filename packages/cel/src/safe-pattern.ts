/**
 * Regular expressions that come from users: RE2 syntax, matched in linear time (upstream: Go's regexp).
 *
 * Owns a bounded cache of compiled expressions.
 */
import { RE2JS } from 're2js';

export interface SafePattern {
  /** Whether any part of the text matches. */
  test(text: string): boolean;
}

export const MAX_CACHED_PATTERNS = 1024;
const compiled = new Map<string, RE2JS>();

/** @throws Error for text that is no RE2 expression */
export function re2(pattern: string): RE2JS {
  let known = compiled.get(pattern);
  if (!known) {
    known = RE2JS.compile(pattern);
    if (compiled.size >= MAX_CACHED_PATTERNS) compiled.clear();
    compiled.set(pattern, known);
  }
  return known;
}

/** @throws Error for text that is no RE2 expression */
export function safePattern(pattern: string): SafePattern {
  const expression = re2(pattern);
  return { test: (text) => expression.matcher(text).find() };
}

/** Go's words for why a pattern can't be compiled; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  try {
    re2(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
