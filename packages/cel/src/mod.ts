export { MAX_CACHED_PATTERNS, patternProblem, re2, type SafePattern, safePattern } from './safe-pattern.ts';
