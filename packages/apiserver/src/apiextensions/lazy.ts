/**
 * Definitions and CEL, read when somebody first uses them: most clusters have none, and a start must not wait for them.
 */
import type { CustomResourceDefinition } from '@regatta/api';
import type { ResourceRegistry } from '../registry/resource-registry.ts';
import type { Strategy } from '../registry/strategy.ts';
import type { Registry } from '../registry/write-request.ts';
import { storageKey } from '../storage/object-storage.ts';
import type { WebhookClient } from '../webhooks/webhook-client.ts';

type Module = typeof import('./mod.ts');

let loading: Promise<Module> | undefined;
let loaded: Module | undefined;

function load(): Promise<Module> {
  loading ??= import('./mod.ts').then((module) => {
    loaded = module;
    return module;
  });
  return loading;
}

/** @throws Error when nobody waited for `load` */
function strategy(): Strategy<CustomResourceDefinition> {
  if (!loaded) throw new Error('custom resource definitions were asked for before they were loaded');
  return loaded.definitionStrategy;
}

export const definitionStrategy: Strategy<CustomResourceDefinition> = {
  tracksGeneration: true,
  allowUnconditionalUpdate: false,
  load: () => (loaded ? undefined : load().then(() => undefined)),
  applyDefaults: (object) => strategy().applyDefaults?.(object),
  prepareForCreate: (object, context) => strategy().prepareForCreate?.(object, context),
  prepareForUpdate: (object, old, context) => strategy().prepareForUpdate?.(object, old, context),
  prepareForDelete: (object, now) => strategy().prepareForDelete?.(object, now) ?? object,
  validate: (object, context) => strategy().validate?.(object, context) ?? [],
  validateUpdate: (object, old, context) => strategy().validateUpdate?.(object, old, context) ?? [],
  warnings: (object, old) => strategy().warnings?.(object, old) ?? [],
  validateStatusUpdate: (object, old, context) => strategy().validateStatusUpdate?.(object, old, context) ?? [],
};

const DEFINITIONS = storageKey('apiextensions.k8s.io', 'customresourcedefinitions');

/**
 * Serves what definitions define: those that stand before this resolves, later ones from the first on.
 * Returns what ends it.
 */
export async function serveDefinitions(
  registry: Registry,
  resources: ResourceRegistry,
  client: WebhookClient,
): Promise<() => Promise<void>> {
  const { storage } = registry.server;
  let stopped = false;
  let running: Promise<InstanceType<Module['DefinitionController']> | undefined> | undefined;
  const start = (): typeof running => {
    running ??= load().then(({ DefinitionController, converterOf }) => {
      if (stopped) return undefined;
      const controller = new DefinitionController(registry, resources, converterOf(client, registry.server.random));
      controller.start();
      return controller;
    });
    return running;
  };
  const unsubscribe = storage.onEvent(DEFINITIONS, () => {
    unsubscribe();
    void start();
  });
  if ((await storage.list(DEFINITIONS, { limit: 1 })).items.length > 0) await start();
  return async () => {
    stopped = true;
    unsubscribe();
    await (await running)?.stop();
  };
}
