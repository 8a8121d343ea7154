/**
 * /version (upstream: apimachinery pkg/version, component-base/version). The version is Kubernetes', whose API this is;
 * the build says who serves it.
 */
const MAJOR = '1';
const MINOR = '36';

export const VERSION_INFO = {
  major: MAJOR,
  minor: MINOR,
  emulationMajor: MAJOR,
  emulationMinor: MINOR,
  minCompatibilityMajor: MAJOR,
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.2',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-06-11T00:00:00Z',
  goVersion: '',
  compiler: 'regatta',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;
