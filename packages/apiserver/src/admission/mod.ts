export type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
export { admissionForbidden } from './admission-error.ts';
export { admissionPlugins } from './admission-plugins.ts';
export { ExtensionMetrics } from './extension-metrics.ts';
