/**
 * How upstream's internal types differ from the v1 types that users write: names and order of Go fields
 * (upstream: pkg/apis/core/types.go, staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/types_jsonschema.go).
 * Messages that print an internal struct show these names. Data only; `internalForm` applies it.
 *
 * What isn't told here follows v1: a field's Go name is its JSON name with a capital, its place that of the v1 struct.
 */

/** JSON name → Go name, in whatever type it stands. */
export const GO_NAMES: Readonly<Record<string, string>> = {
  $ref: 'Ref',
  $schema: 'Schema',
  apiGroup: 'APIGroup',
  apiGroups: 'APIGroups',
  apiVersion: 'APIVersion',
  awsElasticBlockStore: 'AWSElasticBlockStore',
  caBundle: 'CABundle',
  cephfs: 'CephFS',
  chapAuthDiscovery: 'DiscoveryCHAPAuth',
  chapAuthSession: 'SessionCHAPAuth',
  cel: 'CEL',
  csi: 'CSI',
  diskURI: 'DataDiskURI',
  dnsConfig: 'DNSConfig',
  dnsPolicy: 'DNSPolicy',
  fc: 'FC',
  fsGroup: 'FSGroup',
  fsGroupChangePolicy: 'FSGroupChangePolicy',
  fsType: 'FSType',
  gcePersistentDisk: 'GCEPersistentDisk',
  gmsaCredentialSpec: 'GMSACredentialSpec',
  gmsaCredentialSpecName: 'GMSACredentialSpecName',
  grpc: 'GRPC',
  http: 'HTTP',
  httpGet: 'HTTPGet',
  httpHeaders: 'HTTPHeaders',
  id: 'ID',
  ip: 'IP',
  iqn: 'IQN',
  iscsi: 'ISCSI',
  iscsiInterface: 'ISCSIInterface',
  jsonPath: 'JSONPath',
  nfs: 'NFS',
  os: 'OS',
  pdName: 'PDName',
  rbd: 'RBD',
  seLinuxChangePolicy: 'SELinuxChangePolicy',
  seLinuxOptions: 'SELinuxOptions',
  sslEnabled: 'SSLEnabled',
  storageos: 'StorageOS',
  tcpSocket: 'TCPSocket',
  tls: 'TLS',
  tty: 'TTY',
  uid: 'UID',
  url: 'URL',
  wwids: 'WWIDs',
  'x-kubernetes-embedded-resource': 'XEmbeddedResource',
  'x-kubernetes-int-or-string': 'XIntOrString',
  'x-kubernetes-list-map-keys': 'XListMapKeys',
  'x-kubernetes-list-type': 'XListType',
  'x-kubernetes-map-type': 'XMapType',
  'x-kubernetes-preserve-unknown-fields': 'XPreserveUnknownFields',
  'x-kubernetes-validations': 'XValidations',
};

/** Type → JSON name → Go name, where a type goes its own way. */
export const GO_NAMES_OF_TYPE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DeviceAttribute: {
    ...{ int: 'IntValue', bool: 'BoolValue', string: 'StringValue', version: 'VersionValue' },
    ...{ ints: 'IntValues', bools: 'BoolValues', strings: 'StringValues', versions: 'VersionValues' },
  },
  GlusterfsVolumeSource: { endpoints: 'EndpointsName' },
  GlusterfsPersistentVolumeSource: { endpoints: 'EndpointsName' },
  RBDVolumeSource: { monitors: 'CephMonitors', image: 'RBDImage', pool: 'RBDPool', user: 'RadosUser' },
  RBDPersistentVolumeSource: { monitors: 'CephMonitors', image: 'RBDImage', pool: 'RBDPool', user: 'RadosUser' },
};

const VOLUME_SOURCES = words(`gcePersistentDisk awsElasticBlockStore hostPath glusterfs nfs rbd quobyte iscsi flexVolume
  cinder cephfs fc flocker azureFile vsphereVolume azureDisk photonPersistentDisk portworxVolume scaleIO local storageos
  csi`);

/** Structs that v1 only has as a part of another: of which, and what is in them. */
export const PARTS: Readonly<Record<string, { readonly of: string; readonly fields: readonly string[] }>> = {
  PersistentVolumeSource: { of: 'PersistentVolumeSpec', fields: VOLUME_SOURCES },
};

/** Type → the JSON names of its fields in the order of the internal struct; what isn't named follows in v1's order. */
export const GO_ORDER: Readonly<Record<string, readonly string[]>> = {
  PodSpec: words(`volumes initContainers containers ephemeralContainers restartPolicy terminationGracePeriodSeconds
    activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName automountServiceAccountToken nodeName securityContext
    imagePullSecrets hostname subdomain setHostnameAsFQDN affinity schedulerName tolerations hostAliases
    priorityClassName priority preemptionPolicy dnsConfig readinessGates runtimeClassName overhead enableServiceLinks
    topologySpreadConstraints os schedulingGates resourceClaims resources hostnameOverride schedulingGroup`),
  PodSecurityContext: words(`hostNetwork hostPID hostIPC shareProcessNamespace hostUsers seLinuxOptions windowsOptions
    runAsUser runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy fsGroup fsGroupChangePolicy sysctls
    seccompProfile appArmorProfile seLinuxChangePolicy`),
  Volume: words(`name hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs
    persistentVolumeClaim rbd quobyte flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap vsphereVolume
    azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral image`),
  PersistentVolumeSpec: ['capacity', ...VOLUME_SOURCES],
  JSONSchemaProps:
    words(`id $schema $ref description type nullable format title default maximum exclusiveMaximum minimum
    exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems multipleOf enum maxProperties
    minProperties required items allOf oneOf anyOf not properties additionalProperties patternProperties dependencies
    additionalItems definitions externalDocs example x-kubernetes-preserve-unknown-fields x-kubernetes-embedded-resource
    x-kubernetes-int-or-string x-kubernetes-list-map-keys x-kubernetes-list-type x-kubernetes-map-type
    x-kubernetes-validations`),
};

/** Fields of v1's PodSpec that stand in the internal PodSecurityContext. */
export const HOST_FIELDS = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'] as const;

/** Fields that the internal type doesn't have. */
export const GONE: Readonly<Record<string, readonly string[]>> = { PodSpec: ['serviceAccount', ...HOST_FIELDS] };

/** Pointers of v1 that are plain values inside. */
export const PLAIN: Readonly<Record<string, readonly string[]>> = {
  ServiceAccountTokenProjection: ['expirationSeconds'],
};

function words(text: string): string[] {
  return text.split(/\s+/);
}
