/**
 * What upstream's registries say of kinds beyond the schema facts, for kinds whose strategy does not say it
 * (upstream: pkg/registry/<group>/<kind>/{strategy.go,storage/storage.go}). Keys are `group/resource`.
 */

/** A delete answers with the object instead of a Status (ReturnDeletedObject). */
export const RETURNS_DELETED: ReadonlySet<string> = new Set([
  '/pods',
  '/podtemplates',
  '/resourcequotas',
  '/serviceaccounts',
  '/services',
  '/persistentvolumes',
  '/persistentvolumeclaims',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csistoragecapacities',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
]);

/** Dependents are orphaned unless the request says otherwise (DefaultGarbageCollectionPolicy). */
export const ORPHANS_BY_DEFAULT: ReadonlySet<string> = new Set(['/replicationcontrollers', 'batch/jobs']);

/** Garbage collection does not concern itself with these (GarbageCollectionPolicy Unsupported). */
export const NOT_COLLECTED: ReadonlySet<string> = new Set(['/events']);

/** Status in a create request is kept: whoever registers the object knows it. */
export const KEEPS_STATUS_ON_CREATE: ReadonlySet<string> = new Set(['/nodes']);

/** metadata.generation counts changes of these. */
export const TRACKS_GENERATION: ReadonlySet<string> = new Set([
  '/pods',
  '/podtemplates',
  '/replicationcontrollers',
  'apps/daemonsets',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'batch/cronjobs',
  'batch/jobs',
  'networking.k8s.io/ingresses',
  'networking.k8s.io/ingressclasses',
  'networking.k8s.io/networkpolicies',
  'apiextensions.k8s.io/customresourcedefinitions',
  'discovery.k8s.io/endpointslices',
  'policy/poddisruptionbudgets',
  'scheduling.k8s.io/priorityclasses',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingadmissionpolicies',
  'admissionregistration.k8s.io/validatingadmissionpolicybindings',
  'admissionregistration.k8s.io/mutatingadmissionpolicies',
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings',
  'flowcontrol.apiserver.k8s.io/flowschemas',
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceslices',
]);

/** PUT creates what does not exist (AllowCreateOnUpdate). */
export const CREATED_ON_UPDATE: ReadonlySet<string> = new Set([
  '/endpoints',
  '/events',
  '/limitranges',
  '/services',
  'coordination.k8s.io/leases',
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
  'rbac.authorization.k8s.io/clusterroles',
  'rbac.authorization.k8s.io/clusterrolebindings',
]);

/** PUT must carry a resourceVersion (AllowUnconditionalUpdate is false). */
export const UPDATED_CONDITIONALLY: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io/mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/validatingwebhookconfigurations',
  'apiextensions.k8s.io/customresourcedefinitions',
  'coordination.k8s.io/leasecandidates',
  'coordination.k8s.io/leases',
  'node.k8s.io/runtimeclasses',
  'policy/poddisruptionbudgets',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/csistoragecapacities',
  'storage.k8s.io/volumeattachments',
]);

/** Names may hold anything that a URL's path segment may. */
export const PATH_SEGMENT_NAMES: ReadonlySet<string> = new Set([
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
  'rbac.authorization.k8s.io/clusterroles',
  'rbac.authorization.k8s.io/clusterrolebindings',
]);

/** Warnings that every request about a version of a kind gets (zz_generated.prerelease-lifecycle.go). */
export const DEPRECATIONS: ReadonlyMap<string, string> = new Map([
  ['v1/ComponentStatus', 'v1 ComponentStatus is deprecated in v1.19+'],
  ['v1/Endpoints', 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
]);

/** Kinds whose unknown field selectors are refused in words of their own (AddFieldLabelConversionFunc). */
export const FIELD_LABEL_REFUSALS: ReadonlyMap<string, (field: string) => string> = new Map([
  ...['/pods', '/nodes', '/replicationcontrollers', '/events', '/namespaces', '/secrets', '/services'].map(
    (key): [string, (field: string) => string] => [key, (field) => `field label not supported: ${field}`],
  ),
  ['certificates.k8s.io/certificatesigningrequests', (field) => `field label not supported: ${field}`],
  ['batch/jobs', (field) => `field label "${field}" not supported for Job`],
]);

/** What a write of the status can't set (GetResetFields of the status strategies); the spec alone unless told. */
export const STATUS_RESETS: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  ['/pods', [['spec'], ['metadata', 'deletionTimestamp'], ['metadata', 'ownerReferences']]],
  ['apps/deployments', [['spec'], ['metadata', 'labels']]],
  ['resource.k8s.io/resourceclaims', [['spec'], ['metadata']]],
  ['storage.k8s.io/volumeattachments', [['spec'], ['metadata']]],
]);
