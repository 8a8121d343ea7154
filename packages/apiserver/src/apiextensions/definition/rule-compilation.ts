/**
 * The rules of a schema must compile, and cost little enough.
 */
import type { ErrorList } from '../../kinds/validation/error-list.ts';
import type { Path } from '../../kinds/validation/path.ts';
import type { Structural } from '../schema/structural.ts';

export function checkRules(_errors: ErrorList, _at: Path, _schema: Structural, _before: Structural | undefined): void {}
