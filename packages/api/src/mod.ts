export {
  type CronSchedule,
  isTimeZone,
  parseCronSchedule,
  ScheduleError,
  scheduleProblem,
} from './cron/cron-schedule.ts';
export { nextTime, zoneOffset } from './cron/next-time.ts';
export {
  aggregateMessage,
  type FieldError,
  type FieldErrorType,
  FieldPath,
  fieldErrorBody,
  fieldErrorReason,
  fieldErrors,
  formatFieldError,
} from './field-error.ts';
export type * from './generated/kinds.ts';
export { goQuote } from './go-quote.ts';
export {
  apiVersionOf,
  type GroupResource,
  type GroupVersion,
  groupVersionPath,
  parseApiVersion,
  type ResourceRef,
  resourceName,
  resourcePath,
} from './group-resource.ts';
export { cloneJson, getKey, isJsonObject, setKey } from './json/clone-json.ts';
export { ExactNumber } from './json/exact-number.ts';
export { jsonEqual } from './json/json-equal.ts';
export { JsonSyntaxError } from './json/json-syntax-error.ts';
export { MAX_JSON_DEPTH, type ParsedJson, parseJson } from './json/parse-json.ts';
export { summarizeBody } from './json/summarize-body.ts';
export { type KubeObject, keyOf, splitKey, withoutManagedFields } from './kube-object.ts';
export { KUBERNETES_VERSION } from './kubernetes-version.ts';
export { type Applied, type ApplyRequest, type ApplyVersions, applyConfig } from './managed-fields/apply.ts';
export { configProblem } from './managed-fields/check-config.ts';
export { refreshLastApplied } from './managed-fields/last-applied.ts';
export { atomicParts, layOver } from './managed-fields/lay-over.ts';
export { MAX_UPDATE_MANAGERS, managerName, type TrackedUpdate, trackUpdate } from './managed-fields/managed-fields.ts';
export { entriesAfterScale, scaleEntries } from './managed-fields/scale-entries.ts';
export { goFormat } from './patch/go-format.ts';
export {
  applyJsonPatch,
  JsonPatchTestError,
  MAX_JSON_PATCH_COPY_BYTES,
  MAX_JSON_PATCH_OPERATIONS,
} from './patch/json-patch.ts';
export { applyMergePatch, requirePatchObject } from './patch/merge-patch.ts';
export { applyStrategicMergePatch } from './patch/strategic-merge-patch.ts';
export {
  isHugePages,
  isNativeResource,
  isOvercommitAllowed,
  podTotals,
  type Quantities,
} from './pod-resources.ts';
export { loadProtobuf, PROTOBUF, ProtobufCodec, type TypeMeta, watchFrame } from './protobuf/envelope.ts';
export { ProtobufError, WireReader } from './protobuf/wire-reader.ts';
export { WireWriter } from './protobuf/wire-writer.ts';
export { milliValue, numericValue, Quantity, QuantityError } from './quantity.ts';
export { endsByItself, inQuotaScopes } from './quota/quota-scopes.ts';
export { type CountedResource, PLAIN_COUNTS, podCompute, quotaResourceOf, quotaUsage } from './quota/quota-usage.ts';
export { DecodeError, DecodeReport } from './schema/decode-report.ts';
export { type Decoder, type TypeSource, wasGivenEmpty } from './schema/decoder.ts';
export type { KindTypes } from './schema/kind-types.ts';
export type { RawProperty, RawResource, RawType } from './schema/raw-facts.ts';
export type { GroupInfo, ResourceInfo, SubresourceInfo } from './schema/resource-info.ts';
export { Schema } from './schema/schema.ts';
export type { FieldInfo, Shape, TypeInfo, ZeroRule } from './schema/type-info.ts';
export { matchesNodeSelectorTerm, type SelectableNode } from './selectors/node-selector.ts';
export {
  type FieldMatcher,
  type FieldRequirement,
  type LabelMatcher,
  type LabelOperator,
  type LabelRequirement,
  labelSelectorFrom,
  parseFieldSelector,
  parseLabelSelector,
} from './selectors.ts';
export {
  isAlreadyExists,
  isBadRequest,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTooManyRequests,
  isUnauthorized,
  StatusError,
  statusErrorFrom,
  statusErrors,
} from './status-error.ts';
export {
  cidrProblems,
  cidrWarnings,
  ipProblems,
  ipWarnings,
  isValidCIDR,
  isValidIP,
  isValidIPv4,
  isValidIPv6,
  type ParsedCidr,
  type ParsedIp,
  parseCidr,
  parseIp,
} from './validation/ip.ts';
export {
  type LabelSelectorRules,
  validateLabelName,
  validateLabelSelector,
  validateLabels,
} from './validation/labels.ts';
export {
  inclusiveRangeMessage,
  isCIdentifier,
  isConfigMapKey,
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isEnvVarName,
  isHTTPHeaderName,
  isHTTPPath,
  isInRange,
  isQualifiedName,
  isRelaxedEnvVarName,
  isValidLabelValue,
  isValidPathSegmentName,
  isValidPercent,
  isValidPortName,
  isValidPortNum,
  isWildcardDNS1123Subdomain,
  maxLengthMessage,
  patternMessage,
} from './validation/names.ts';
export {
  MAX_ANNOTATIONS_BYTES,
  type NameRule,
  nameErrors,
  type ObjectMetaRules,
  validateAnnotations,
  validateFinalizers,
  validateImmutableField,
  validateObjectMeta,
  validateObjectMetaUpdate,
  validateOwnerReferences,
} from './validation/object-meta.ts';
export {
  validateDeleteOptions,
  validateDryRun,
  validateFieldManager,
  validateFieldValidation,
  validatePatchOptions,
  validateWriteOptions,
  type WriteOptions,
} from './validation/request-options.ts';
