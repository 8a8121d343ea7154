/**
 * ResourcePoolStatusRequests (upstream: pkg/apis/resource/validation/validation_resourcepoolstatusrequest.go).
 */
import { isDNS1123Subdomain, jsonEqual, type PoolStatus, type ResourcePoolStatusRequest } from '@regatta/api';
import type { Strategy } from '../../registry/strategy.ts';
import { checkConditions } from '../validation/conditions.ts';
import { ErrorList } from '../validation/error-list.ts';
import { eachItem } from '../validation/lists.ts';
import { type Path, SPEC, STATUS } from '../validation/path.ts';
import { IMMUTABLE } from '../validation/rules.ts';
import { checkDriver, checkPoolName } from './names.ts';

const MAX_LIMIT = 1000;
const NOT_NEGATIVE = 'must be non-negative';
const COUNTS = ['totalDevices', 'allocatedDevices', 'availableDevices', 'unavailableDevices'] as const;

export const poolStatusRequestStrategy: Strategy<ResourcePoolStatusRequest> = {
  validate({ spec }) {
    const errors = new ErrorList();
    const { driver, poolName, limit } = spec ?? {};
    if (!driver) errors.required(SPEC.child('driver'), 'driver name is required');
    else checkDriver(errors, SPEC.child('driver'), driver);
    if (poolName) checkPoolName(errors, SPEC.child('poolName'), poolName);
    if (limit !== undefined && limit < 1) errors.invalid(SPEC.child('limit'), limit, 'must be at least 1');
    if (limit !== undefined && limit > MAX_LIMIT) {
      errors.invalid(SPEC.child('limit'), limit, `must not exceed ${MAX_LIMIT}`);
    }
    return errors.errors;
  },
  validateUpdate({ spec }, old) {
    const errors = new ErrorList();
    if (!jsonEqual(spec, old.spec)) errors.invalid(SPEC, spec, IMMUTABLE);
    return errors.errors;
  },
  validateStatusUpdate({ status }) {
    const errors = new ErrorList();
    eachItem(status?.pools, STATUS.child('pools'), (pool, at) => checkPool(errors, at, pool));
    checkConditions(errors, STATUS.child('conditions'), status?.conditions);
    const { poolCount = 0 } = status ?? {};
    if (poolCount < 0) errors.invalid(STATUS.child('poolCount'), poolCount, NOT_NEGATIVE);
    return errors.errors;
  },
};

function checkPool(errors: ErrorList, at: Path, pool: PoolStatus): void {
  checkDriver(errors, at.child('driver'), pool.driver);
  checkPoolName(errors, at.child('poolName'), pool.poolName);
  if (pool.nodeName) errors.invalidEach(at.child('nodeName'), pool.nodeName, isDNS1123Subdomain(pool.nodeName));
  for (const name of COUNTS) {
    const count = pool[name] ?? 0;
    if (count < 0) errors.invalid(at.child(name), count, NOT_NEGATIVE);
  }
  const { resourceSliceCount, generation = 0 } = pool;
  if (resourceSliceCount !== undefined && resourceSliceCount < 1) {
    errors.invalid(at.child('resourceSliceCount'), resourceSliceCount, 'must be at least 1');
  }
  if (generation < 0) errors.invalid(at.child('generation'), generation, NOT_NEGATIVE);
}
