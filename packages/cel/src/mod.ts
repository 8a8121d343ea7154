export { CompileError, CostError, EvaluationError, type Issue } from './cel-error.ts';
export { CostMeter } from './code.ts';
export { MAX_STRING } from './libraries/format.ts';
export { fn, type Library, method, type Overload } from './overloads.ts';
export { type CelEnvironment, compileCel, PER_CALL_LIMIT, type Program, RUNTIME_BUDGET } from './program.ts';
export { MAX_CACHED_PATTERNS, patternProblem, re2, type SafePattern, safePattern } from './safe-pattern.ts';
export {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  type FieldType,
  INT,
  listOf,
  mapOf,
  opaque,
  optionalOf,
  STRING,
  sizeOf,
  TIMESTAMP,
  typeText,
} from './types.ts';
export {
  Duration,
  fromJson,
  ListValue,
  MapValue,
  Opaque,
  Optional,
  StructValue,
  Timestamp,
  Uint,
  type Value,
} from './values.ts';
