/**
 * PriorityLevelConfigurations (upstream: pkg/apis/flowcontrol/v1/defaults.go, ValidatePriorityLevelConfiguration of
 * pkg/apis/flowcontrol/validation/validation.go).
 */
import type { LimitResponse, PriorityLevelConfiguration, QueuingConfiguration } from '@regatta/api';
import { EXEMPT as EXEMPT_NAME, PRIORITY_LEVELS } from '../../flowcontrol/bootstrap-objects.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { ErrorList } from '../validation/error-list.ts';
import { type Path, SPEC } from '../validation/path.ts';
import { checkConditionTypes } from './condition-types.ts';
import { checkMandatory } from './mandatory-spec.ts';

const LIMITED = SPEC.child('limited');
const EXEMPT = SPEC.child('exempt');
/** Bits of the hash that deals a hand of queues. */
const MAX_HASH_BITS = 60;
const MAX_QUEUES = 10_000_000;
const POSITIVE = 'must be positive';

export const priorityLevelStrategy: Strategy<PriorityLevelConfiguration> = {
  tracksGeneration: true,
  applyDefaults({ spec }) {
    if (!spec) return;
    if (spec.type === 'Exempt') spec.exempt ??= {};
    if (spec.exempt) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    if (!spec.limited) return;
    spec.limited.nominalConcurrencyShares ??= 30;
    spec.limited.lendablePercent ??= 0;
    const queuing = spec.limited.limitResponse?.queuing;
    if (!queuing) return;
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  },
  validate: (level) => validateLevel(level).errors,
  validateUpdate: (level) => validateLevel(level).errors,
  validateStatusUpdate: ({ status }) => checkConditionTypes(status?.conditions).errors,
};

function validateLevel({ metadata, spec }: PriorityLevelConfiguration): ErrorList {
  const errors = new ErrorList();
  const { type = '', limited, exempt } = spec ?? {};
  if ((metadata.name === EXEMPT_NAME) !== (type === 'Exempt')) {
    errors.invalid(SPEC.child('type'), type, "type must be 'Exempt' if and only if name is 'exempt'");
  }
  if (type === 'Exempt') {
    if (limited) errors.forbidden(LIMITED, 'must be nil if the type is not Limited');
    if (exempt) checkExempt(errors, exempt);
    else errors.required(EXEMPT, 'must not be empty when type is Exempt');
  } else if (type !== 'Limited') errors.notSupported(SPEC.child('type'), type, ['Exempt', 'Limited']);
  else {
    if (exempt) errors.forbidden(EXEMPT, 'must be nil if the type is Limited');
    if (limited) checkLimited(errors, limited);
    else errors.required(LIMITED, 'must not be empty when type is Limited');
  }
  checkMandatory(errors, PRIORITY_LEVELS.mandatory, { metadata, spec }, 'exempt');
  return errors;
}

type Exempt = NonNullable<PriorityLevelConfiguration['spec']['exempt']>;

function checkExempt(errors: ErrorList, { nominalConcurrencyShares: shares = 0, lendablePercent = 0 }: Exempt): void {
  if (shares < 0) errors.invalid(EXEMPT.child('nominalConcurrencyShares'), shares, 'must be a non-negative integer');
  checkLendable(errors, EXEMPT, lendablePercent);
}

function checkLendable(errors: ErrorList, at: Path, percent: number): void {
  if (percent >= 0 && percent <= 100) return;
  errors.invalid(at.child('lendablePercent'), percent, 'must be between 0 and 100, inclusive');
}

function checkLimited(errors: ErrorList, limited: NonNullable<PriorityLevelConfiguration['spec']['limited']>): void {
  const {
    nominalConcurrencyShares: shares = 0,
    lendablePercent: lendable = 0,
    borrowingLimitPercent: most = 0,
  } = limited;
  if (shares < 0) errors.invalid(LIMITED.child('nominalConcurrencyShares'), shares, 'must be a non-negative integer');
  checkResponse(errors, LIMITED.child('limitResponse'), limited.limitResponse);
  checkLendable(errors, LIMITED, lendable);
  if (most < 0) {
    errors.invalid(LIMITED.child('borrowingLimitPercent'), most, 'if specified, must be a non-negative integer');
  }
}

function checkResponse(errors: ErrorList, path: Path, response: LimitResponse | undefined): void {
  const { type = '', queuing } = response ?? {};
  const at = path.child('queuing');
  if (type === 'Reject') {
    if (queuing) errors.forbidden(at, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (type !== 'Queue') errors.notSupported(path.child('type'), type, ['Queue', 'Reject']);
  else if (queuing) checkQueuing(errors, at, queuing);
  else errors.required(at, 'must not be empty if limited.limitResponse.type is Limited');
}

function checkQueuing(errors: ErrorList, at: Path, queuing: QueuingConfiguration): void {
  const { queueLengthLimit = 0, queues = 0, handSize = 0 } = queuing;
  if (queueLengthLimit <= 0) errors.invalid(at.child('queueLengthLimit'), queueLengthLimit, POSITIVE);
  if (queues <= 0) errors.invalid(at.child('queues'), queues, POSITIVE);
  else if (queues > MAX_QUEUES) errors.invalid(at.child('queues'), queues, `must not be greater than ${MAX_QUEUES}`);
  if (handSize <= 0) errors.invalid(at.child('handSize'), handSize, POSITIVE);
  else if (handSize > queues) {
    errors.invalid(at.child('handSize'), handSize, `should not be greater than queues (${queues})`);
  } else if (Math.ceil(Math.log2(queues) * handSize) > MAX_HASH_BITS) {
    const wrong = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${MAX_HASH_BITS}`;
    errors.invalid(at.child('handSize'), handSize, wrong);
  }
}
