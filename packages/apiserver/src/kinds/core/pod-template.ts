/**
 * PodTemplates (upstream: pkg/registry/core/podtemplate/strategy.go).
 */
import { jsonEqual, type PodTemplate } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { Path } from '../validation/path.ts';
import { checkPodTemplate, defaultPodTemplate } from './pod-spec/template.ts';
import { podWarnings } from './pod-spec/warnings.ts';

const TEMPLATE = Path.root('template');

const validate = ({ template }: PodTemplate): ErrorList['errors'] => {
  const errors = new ErrorList();
  checkPodTemplate(errors, TEMPLATE, template ?? {});
  return errors.errors;
};

export const podTemplateStrategy: Strategy<PodTemplate> = {
  tracksGeneration: true,
  applyDefaults: (object) => defaultPodTemplate(object.template),
  validate,
  validateUpdate: validate,
  warnings({ template }, old) {
    if (!template || (old && jsonEqual(template, old.template))) return [];
    return podWarnings(TEMPLATE, template.spec ?? { containers: [] }, template.metadata, true);
  },
};
