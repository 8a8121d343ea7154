/**
 * A definition's spec as upstream validates it: what all versions say alike stands once, above them, and errors about it
 * name that place (upstream: conversion of k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1).
 */
import { type CustomResourceDefinitionSpec, type CustomResourceDefinitionVersion, jsonEqual } from '@regatta/api';

type Version = CustomResourceDefinitionVersion;

/** The part of a version that may be the same for all. */
export interface Shared {
  readonly schema?: Version['schema'];
  readonly subresources?: Version['subresources'];
  readonly additionalPrinterColumns?: Version['additionalPrinterColumns'];
  readonly selectableFields?: Version['selectableFields'];
}

export interface Hoisted {
  /** What all versions share. */
  readonly shared: Shared;
  /** What is left of each version. */
  readonly versions: readonly Version[];
}

const PARTS = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const;

export function hoisted({ versions }: CustomResourceDefinitionSpec): Hoisted {
  const [first, ...others] = versions ?? [];
  if (!first) return { shared: {}, versions: [] };
  const shared: Record<string, unknown> = {};
  for (const part of PARTS) {
    const value = first[part];
    if (value !== undefined && others.every((version) => jsonEqual(version[part], value))) shared[part] = value;
  }
  return { shared, versions: versions.map((version) => without(version, shared)) };
}

function without(version: Version, shared: object): Version {
  return Object.fromEntries(
    Object.entries(version).filter(([name]) => !Object.hasOwn(shared, name)),
  ) as unknown as Version;
}
