/**
 * Selectors that requests and objects carry: matchers for labels and fields.
 */
export { type FieldMatcher, type FieldRequirement, parseFieldSelector } from './selectors/field-selector.ts';
export {
  type LabelMatcher,
  type LabelOperator,
  type LabelRequirement,
  labelSelectorFrom,
  parseLabelSelector,
} from './selectors/label-selector.ts';
