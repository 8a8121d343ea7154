/**
 * From one version of a custom resource to another (upstream: k8s.io/apiextensions-apiserver/pkg/apiserver/conversion).
 */
import type { KubeObject } from '@regatta/api';

export interface Converter {
  /** Whether somebody else has to be asked. */
  readonly waits: boolean;
  /** New objects in `apiVersion`, in the same order; the arguments are not changed. @throws StatusError */
  convert(objects: readonly KubeObject[], apiVersion: string): readonly KubeObject[] | Promise<readonly KubeObject[]>;
}

/** All versions look alike. */
export const relabelling: Converter = {
  waits: false,
  convert: (objects, apiVersion) => objects.map((object) => ({ ...object, apiVersion })),
};
