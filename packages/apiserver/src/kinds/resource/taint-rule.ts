/**
 * DeviceTaintRules: taints that an administrator lays on devices (upstream: ValidateDeviceTaintRule of
 * pkg/apis/resource/validation/validation.go, pkg/registry/resource/devicetaintrule/strategy.go).
 */
import type { DeviceTaintRule, DeviceTaintSelector } from '@regatta/api';
import type { Strategy, WriteContext } from '../../registry/strategy.ts';
import { timestamp } from '../../registry/write-request.ts';
import { checkConditions } from '../validation/conditions.ts';
import { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';
import { checkDnsLabel } from '../validation/rules.ts';
import { checkDriver, checkPoolName } from './names.ts';
import { checkTaint, stampTaint } from './taints.ts';

const MAX_CONDITIONS = 8;

export const deviceTaintRuleStrategy: Strategy<DeviceTaintRule> = {
  tracksGeneration: true,
  prepareForCreate: stamp,
  /** A taint with another effect is a new one. */
  prepareForUpdate(rule, old, context) {
    const { taint } = rule.spec ?? {};
    const before = old.spec.taint;
    if (taint && taint.timeAdded === before.timeAdded && taint.effect !== before.effect) delete taint.timeAdded;
    stamp(rule, context);
  },
  validate: ({ spec }) => validateSpec(spec, undefined).errors,
  validateUpdate: ({ spec }, old) => validateSpec(spec, old.spec).errors,
  validateStatusUpdate({ status }) {
    const errors = new ErrorList();
    const at = STATUS.child('conditions');
    const conditions = status?.conditions ?? [];
    checkConditions(errors, at, conditions);
    if (conditions.length > MAX_CONDITIONS) errors.tooMany(at, conditions.length, MAX_CONDITIONS);
    return errors.errors;
  },
};

function stamp({ spec }: DeviceTaintRule, { server }: WriteContext): void {
  stampTaint(spec?.taint, timestamp(server.clock.now()));
}

type Spec = DeviceTaintRule['spec'];

function validateSpec(spec: Spec | undefined, old: Spec | undefined): ErrorList {
  const errors = new ErrorList();
  if (spec?.deviceSelector) checkSelector(errors, SPEC.child('deviceSelector'), spec.deviceSelector);
  checkTaint(errors, SPEC.child('taint'), spec?.taint ?? {}, old?.taint);
  return errors;
}

function checkSelector(errors: ErrorList, at: Path, { driver, pool, device }: DeviceTaintSelector): void {
  if (driver !== undefined) checkDriver(errors, at.child('driver'), driver);
  if (pool !== undefined) checkPoolName(errors, at.child('pool'), pool);
  if (device !== undefined) checkDnsLabel(errors, at.child('device'), device);
}
