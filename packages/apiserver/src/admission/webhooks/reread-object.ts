/**
 * An object that a webhook changed, as its kind has it: unknown fields gone, defaults filled in
 * (upstream: the conversion and defaulting after each patch in plugin/webhook/mutating/dispatcher.go).
 */
import { DecodeError, DecodeReport, type KubeObject, statusErrors } from '@regatta/api';
import type { ResourceRegistry } from '../../registry/resource-registry.ts';
import type { Reread } from './webhook-admission.ts';

export function rereader(resources: ResourceRegistry): Reread {
  return (attributes, object) => {
    const resource = resources.get(attributes.group, attributes.version, attributes.resource);
    // Subresources have kinds of their own, which nothing is filled into.
    if (!resource || attributes.kind !== resource.kind) return object as KubeObject;
    const { kind, apiVersion, ...rest } = decoded(resource.decoder, object);
    const whole = {
      kind: kind ?? attributes.kind,
      apiVersion: apiVersion ?? resource.apiVersion,
      ...rest,
    } as KubeObject;
    resource.applyDefaults(whole);
    return whole;
  };
}

type Decoder = NonNullable<ReturnType<ResourceRegistry['get']>>['decoder'];

function decoded(decoder: Decoder, object: unknown): Partial<KubeObject> {
  try {
    return decoder.decode(object, new DecodeReport());
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw statusErrors.internal(error.message);
  }
}
