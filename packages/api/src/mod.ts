export type * from './generated/kinds.ts';
export {
  apiVersionOf,
  type GroupResource,
  type GroupVersion,
  groupVersionPath,
  parseApiVersion,
  type ResourceRef,
  resourceName,
  resourcePath,
} from './group-resource.ts';
export { type KubeObject, keyOf, splitKey } from './kube-object.ts';
