/**
 * A container's environment (upstream: pkg/kubelet/kubelet_pods.go, makeEnvironmentVariables): service variables first,
 * then envFrom, then env, each able to refer to what came before.
 */
import type { ConfigMap, Container, EnvVar, FileKeySelector, Pod, Secret, Service } from '@regatta/api';
import { isNotFound } from '@regatta/api';
import type { ObjectGetter } from '../api/ports.ts';
import { decodeText } from '../runtime/filesystem/nodes.ts';
import { type DownwardContext, podField, resourceField } from './downward.ts';
import { readEnvFile } from './env-file.ts';
import { expand } from './expansion.ts';
import { serviceVariables } from './service-variables.ts';
import { StartError } from './start-error.ts';

export interface EnvironmentSources {
  readonly configMaps: ObjectGetter<ConfigMap>;
  readonly secrets: ObjectGetter<Secret>;
  /** Services of the cluster, as far as they are known. */
  services(): Promise<readonly Service[]>;
}

/** Reads a file of one of the Pod's volumes; says where it looked. */
export type ReadVolumeFile = (
  volume: string,
  path: string,
) => { readonly place: string; readonly text: string | undefined } | undefined;

export type Variable = { readonly name: string; readonly value: string };

/** @throws StartError CreateContainerConfigError when something it refers to is missing */
export async function makeEnvironment(
  pod: Pod,
  container: Container,
  context: DownwardContext,
  sources: EnvironmentSources,
  readFile: ReadVolumeFile = () => undefined,
): Promise<Variable[]> {
  const builder = new EnvironmentBuilder(pod, container, context, sources, readFile);
  await builder.addFrom();
  for (const variable of container.env ?? []) await builder.add(variable);
  await builder.addServices();
  return builder.result();
}

class EnvironmentBuilder {
  readonly #values = new Map<string, string>();
  readonly #services = new Map<string, string>();
  #servicesKnown: Promise<void> | undefined;
  readonly #cache = new Map<string, Promise<Record<string, string> | undefined>>();

  constructor(
    private readonly pod: Pod,
    private readonly container: Container,
    private readonly context: DownwardContext,
    private readonly sources: EnvironmentSources,
    private readonly readFile: ReadVolumeFile,
  ) {}

  result(): Variable[] {
    const all = new Map([...this.#services, ...this.#values]);
    return [...all].map(([name, value]) => ({ name, value }));
  }

  addServices(): Promise<void> {
    this.#servicesKnown ??= this.sources.services().then((services) => {
      const { namespace = '' } = this.pod.metadata;
      const links = this.pod.spec.enableServiceLinks !== false;
      for (const [name, value] of serviceVariables(services, namespace, links)) this.#services.set(name, value);
    });
    return this.#servicesKnown;
  }

  async addFrom(): Promise<void> {
    for (const { prefix = '', configMapRef, secretRef } of this.container.envFrom ?? []) {
      const ref = configMapRef ?? secretRef;
      if (ref === undefined) continue;
      const kind = configMapRef ? 'configmap' : 'secret';
      const data = await this.#data(kind, ref.name ?? '', ref.optional === true);
      for (const [key, value] of Object.entries(data ?? {})) this.#values.set(`${prefix}${key}`, value);
    }
  }

  async add(variable: EnvVar): Promise<void> {
    if (variable.valueFrom === undefined) {
      const text = variable.value ?? '';
      if (text.includes('$(')) await this.addServices();
      this.#values.set(
        variable.name,
        expand(text, (name) => this.#values.get(name) ?? this.#services.get(name)),
      );
      return;
    }
    const value = await this.#valueFrom(variable.valueFrom);
    if (value !== undefined) this.#values.set(variable.name, value);
  }

  async #valueFrom(from: NonNullable<EnvVar['valueFrom']>): Promise<string | undefined> {
    if (from.fieldRef) return podField(this.pod, from.fieldRef.fieldPath, this.context);
    if (from.resourceFieldRef) return resourceField(this.pod, this.container, from.resourceFieldRef, this.context);
    if (from.fileKeyRef) return this.#fromFile(from.fileKeyRef);
    const ref = from.configMapKeyRef ?? from.secretKeyRef;
    if (ref === undefined) return undefined;
    const kind = from.configMapKeyRef ? 'configmap' : 'secret';
    const data = await this.#data(kind, ref.name ?? '', ref.optional === true);
    const value = data && Object.hasOwn(data, ref.key) ? data[ref.key] : undefined;
    if (value === undefined && ref.optional !== true) {
      const where = `${this.pod.metadata.namespace}/${ref.name}`;
      const what = kind === 'secret' ? 'Secret' : 'ConfigMap';
      throw configError(`couldn't find key ${ref.key} in ${what} ${where}`);
    }
    return value;
  }

  #fromFile({ volumeName, path, key, optional }: FileKeySelector): string | undefined {
    const file = this.readFile(volumeName, path);
    if (file === undefined) throw configError(`cannot find the volume "${volumeName}" referenced by FileKeyRef`);
    let value: string | undefined;
    try {
      if (file.text === undefined) throw configError("couldn't parse env file");
      value = readEnvFile(file.text, key);
    } catch (error) {
      throw new StartError(CONFIG_ERROR, "couldn't parse env file", undefined, { cause: error });
    }
    if (value) return value;
    if (optional) return undefined;
    throw configError(`environment variable key "${key}" not found in file "${file.place}"`);
  }

  async #data(
    kind: 'configmap' | 'secret',
    name: string,
    optional: boolean,
  ): Promise<Record<string, string> | undefined> {
    const key = `${kind}/${name}`;
    const read = this.#cache.get(key) ?? this.#read(kind, name);
    this.#cache.set(key, read);
    const data = await read;
    if (data === undefined && !optional) throw configError(`${kind} "${name}" not found`);
    return data;
  }

  /** Undefined for what doesn't exist. */
  async #read(kind: 'configmap' | 'secret', name: string): Promise<Record<string, string> | undefined> {
    const { namespace } = this.pod.metadata;
    try {
      if (kind === 'configmap') return (await this.sources.configMaps.get(name, namespace)).data ?? {};
      return decodeSecret(await this.sources.secrets.get(name, namespace));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

const CONFIG_ERROR = 'CreateContainerConfigError';

function configError(message: string): StartError {
  return new StartError(CONFIG_ERROR, message);
}

function decodeSecret(secret: Secret): Record<string, string> {
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, decodeText(Buffer.from(value, 'base64'))]));
}
