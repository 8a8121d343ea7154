/**
 * Gives Pods their service account and its token (upstream: plugin/pkg/admission/serviceaccount/admission.go).
 *
 * A Pod whose account `default` is not there yet waits a little: the account's controller makes it right after the
 * namespace. It is told by storage, not by asking again and again.
 */
import type { Container, Pod, ServiceAccount, Volume, VolumeMount } from '@regatta/api';
import { type Random, randomSuffix } from '@regatta/runtime';
import { podReferences } from '../../auth/node/pod-references.ts';
import { SERVICE_ACCOUNTS } from '../../auth/resource-refs.ts';
import type { ServerContext } from '../../server/context.ts';
import { storageKey } from '../../storage/object-storage.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import { admissionForbidden, isMain } from '../admission-error.ts';

const DEFAULT_ACCOUNT = 'default';
/** Real milliseconds that the default account is waited for: upstream asks ten times, 100 to 200 ms apart. */
export const DEFAULT_ACCOUNT_WAIT_MS = 1500;
const VOLUME_PREFIX = 'kube-api-access-';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const MIRROR_POD_ANNOTATION = 'kubernetes.io/config.mirror';
/** One hour and seven seconds: marks the token as one whose life the server may extend. */
const TOKEN_EXPIRATION_SECONDS = 3607;
const ENFORCE_ANNOTATION = 'kubernetes.io/enforce-mountable-secrets';

export class ServiceAccountPlugin implements AdmissionPlugin {
  readonly name = 'ServiceAccount';

  constructor(private readonly server: Pick<ServerContext, 'get' | 'storage' | 'clock' | 'random'>) {}

  handles(attributes: AdmissionAttributes): boolean {
    return attributes.operation === 'CREATE' && isMain(attributes, '', 'pods');
  }

  admit(attributes: AdmissionAttributes): void | Promise<void> {
    const pod = attributes.object as Pod;
    if (isMirror(pod)) return;
    pod.spec.serviceAccountName ||= DEFAULT_ACCOUNT;
    // The deprecated alias is always told with it.
    pod.spec.serviceAccount = pod.spec.serviceAccountName;
    const account = this.#account(attributes, pod);
    if (account) return this.#apply(account, pod);
    if (pod.spec.serviceAccountName !== DEFAULT_ACCOUNT) throw missing(attributes, pod);
    return this.#whenCreated(attributes, pod).then((found) => this.#apply(found, pod));
  }

  validate(attributes: AdmissionAttributes): void | Promise<void> {
    const pod = attributes.object as Pod;
    if (isMirror(pod)) return refuseMirrorReferences(attributes, pod);
    const account = this.#account(attributes, pod);
    if (!account) throw missing(attributes, pod);
    if (account.metadata.annotations?.[ENFORCE_ANNOTATION] === 'true') limitSecrets(attributes, account, pod);
  }

  #account(attributes: AdmissionAttributes, pod: Pod): ServiceAccount | undefined {
    return this.server.get(SERVICE_ACCOUNTS, attributes.namespace, pod.spec.serviceAccountName ?? '');
  }

  #apply(account: ServiceAccount, pod: Pod): void {
    if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) {
      mountToken(pod, this.server.random);
    }
    if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      pod.spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
    }
  }

  #whenCreated(attributes: AdmissionAttributes, pod: Pod): Promise<ServiceAccount> {
    const { storage, clock } = this.server;
    return new Promise((resolve, reject) => {
      const stop = storage.onEvent(storageKey('', SERVICE_ACCOUNTS.resource), () => {
        const account = this.#account(attributes, pod);
        if (!account) return;
        timer.cancel();
        stop();
        resolve(account);
      });
      const timer = clock.real.setTimer(DEFAULT_ACCOUNT_WAIT_MS, () => {
        stop();
        reject(missing(attributes, pod));
      });
    });
  }
}

function missing(attributes: AdmissionAttributes, pod: Pod): Error {
  const { serviceAccountName: name = '' } = pod.spec;
  const why = `error looking up service account ${attributes.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`;
  return admissionForbidden(attributes, why);
}

function isMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined;
}

/** A mirror Pod is what its node says it is: it is not changed, and may refer to nothing. */
function refuseMirrorReferences(attributes: AdmissionAttributes, pod: Pod): void {
  if (pod.spec.serviceAccountName) {
    throw admissionForbidden(attributes, 'a mirror pod may not reference service accounts');
  }
  if (podReferences(pod).secrets.size > 0)
    throw admissionForbidden(attributes, 'a mirror pod may not reference secrets');
  if (pod.spec.volumes?.some((volume) => volume.projected?.sources?.some((source) => source.serviceAccountToken))) {
    throw admissionForbidden(attributes, 'a mirror pod may not use ServiceAccountToken volume projections');
  }
}

function mountToken(pod: Pod, random: Random): void {
  const volumes = pod.spec.volumes ?? [];
  const existing = volumes.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
  const name = existing?.name ?? VOLUME_PREFIX + randomSuffix(random);
  let isNeeded = false;
  for (const container of [...(pod.spec.initContainers ?? []), ...containersOf(pod)]) {
    isNeeded = mountInto(container, name) || isNeeded;
  }
  if (isNeeded && !existing) pod.spec.volumes = [...volumes, tokenVolume(name)];
}

/** Validation, which comes later, refuses a Pod without any. */
function containersOf(pod: Pod): readonly Container[] {
  return pod.spec?.containers ?? [];
}

/** Whatever is mounted at the path already stays. */
function mountInto(container: Container, name: string): boolean {
  const mounts = container.volumeMounts ?? [];
  if (mounts.some((mount) => mount.mountPath === MOUNT_PATH)) return false;
  const mount: VolumeMount = { name, readOnly: true, mountPath: MOUNT_PATH };
  container.volumeMounts = [...mounts, mount];
  return true;
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_EXPIRATION_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 0o644,
    },
  };
}

/** For accounts that say so: only the Secrets that the account lists. */
function limitSecrets(attributes: AdmissionAttributes, account: ServiceAccount, pod: Pod): void {
  const tail = `is not allowed because service account ${account.metadata.name} does not reference that`;
  const mountable = new Set((account.secrets ?? []).map((secret) => secret.name));
  for (const { secret } of pod.spec.volumes ?? []) {
    if (!secret?.secretName || mountable.has(secret.secretName)) continue;
    throw admissionForbidden(
      attributes,
      `volume with secret.secretName=${JSON.stringify(secret.secretName)} ${tail} secret`,
    );
  }
  limitContainerSecrets(attributes, pod, mountable, tail);
  const pullable = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name));
  for (const [index, { name = '' }] of (pod.spec.imagePullSecrets ?? []).entries()) {
    if (pullable.has(name)) continue;
    throw admissionForbidden(
      attributes,
      `imagePullSecrets[${index}].name=${JSON.stringify(name)} ${tail} imagePullSecret`,
    );
  }
}

function limitContainerSecrets(
  attributes: AdmissionAttributes,
  pod: Pod,
  mountable: ReadonlySet<string | undefined>,
  tail: string,
): void {
  const lists = [
    ['init container', pod.spec.initContainers ?? []],
    ['container', containersOf(pod)],
  ] as const;
  for (const [what, containers] of lists) {
    for (const container of containers) {
      for (const { name, valueFrom } of container.env ?? []) {
        const secret = valueFrom?.secretKeyRef?.name;
        if (!secret || mountable.has(secret)) continue;
        const head = `${what} ${container.name} with envVar ${name}`;
        throw admissionForbidden(
          attributes,
          `${head} referencing secret.secretName=${JSON.stringify(secret)} ${tail} secret`,
        );
      }
      for (const { secretRef } of container.envFrom ?? []) {
        if (!secretRef?.name || mountable.has(secretRef.name)) continue;
        const head = `${what} ${container.name} with envFrom`;
        throw admissionForbidden(
          attributes,
          `${head} referencing secret.secretName=${JSON.stringify(secretRef.name)} ${tail} secret`,
        );
      }
    }
  }
}
