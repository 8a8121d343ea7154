/**
 * /version (upstream: apimachinery pkg/version, component-base/version): what a v1.36.2 that was built from the release's
 * archive says. Clients parse these fields, and some refuse a server that they don't understand (ADR 0161).
 */
import { KUBERNETES_VERSION } from '@regatta/api';

const MAJOR = '1';
const MINOR = '36';

export const VERSION_INFO = {
  major: MAJOR,
  minor: MINOR,
  emulationMajor: MAJOR,
  emulationMinor: MINOR,
  minCompatibilityMajor: MAJOR,
  minCompatibilityMinor: '35',
  gitVersion: KUBERNETES_VERSION,
  gitCommit: '$Format:%H$',
  gitTreeState: 'archive',
  buildDate: '2026-06-11T00:00:00Z',
  goVersion: 'go1.26.10',
  compiler: 'gc',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;
