/**
 * RuntimeClasses (upstream: pkg/apis/node/validation/validation.go).
 */
import { jsonEqual, type RuntimeClass } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkOverhead } from '../core/pod-spec/resources.ts';
import { checkTolerations } from '../core/pod-spec/scheduling.ts';
import { internalForm } from '../internal/internal-form.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { Path } from '../validation/path.ts';
import { checkDnsLabel, checkLabels, IMMUTABLE } from '../validation/rules.ts';

const HANDLER = Path.root('handler');
const SCHEDULING = Path.root('scheduling');

export const runtimeClassStrategy: Strategy<RuntimeClass> = {
  validate: (runtimeClass) => validateClass(runtimeClass).errors,
  validateUpdate(runtimeClass, old) {
    const errors = new ErrorList();
    if (runtimeClass.handler !== old.handler) errors.invalid(HANDLER, runtimeClass.handler, IMMUTABLE);
    return errors.errors;
  },
};

function validateClass({ handler, overhead, scheduling }: RuntimeClass): ErrorList {
  const errors = new ErrorList();
  checkDnsLabel(errors, HANDLER, handler);
  if (overhead?.podFixed) checkOverhead(errors, Path.root('overhead'), overhead.podFixed);
  if (!scheduling) return errors;
  checkLabels(errors, SCHEDULING.child('nodeSelector'), scheduling.nodeSelector);
  const { tolerations = [] } = scheduling;
  const at = SCHEDULING.child('tolerations');
  checkTolerations(errors, at, tolerations);
  eachItem(tolerations, at, (toleration, itemAt, i) => {
    if (tolerations.slice(0, i).some((other) => jsonEqual(other, toleration)))
      errors.duplicate(itemAt, internalForm('Toleration', toleration));
  });
  return errors;
}
