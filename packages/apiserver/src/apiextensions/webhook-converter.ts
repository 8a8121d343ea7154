/**
 * How the versions of a definition are converted.
 */
import type { CustomResourceDefinition } from '@regatta/api';
import { type Converter, relabelling } from './converter.ts';

export function converterOf(_definition: CustomResourceDefinition): Converter {
  return relabelling;
}
