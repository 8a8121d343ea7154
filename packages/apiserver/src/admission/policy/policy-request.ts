/**
 * A request as one policy sees it: its objects in the version of the policy's rules, and the facts beside them.
 */
import type { KubeObject, Namespace } from '@regatta/api';
import type { Value } from '@regatta/cel';
import { NAMESPACES } from '../../auth/resource-refs.ts';
import type { AdmissionAttributes } from '../admission.ts';
import { inVersion, type Target } from '../versioned-object.ts';
import { requestValues } from './expressions.ts';
import type { PolicyParts } from './policy-parts.ts';
import { reviewRequest } from './review-request.ts';

export class PolicyRequest {
  readonly #parts: Pick<PolicyParts, 'server' | 'authorizer'>;
  readonly #attributes: AdmissionAttributes;
  readonly #request: object;
  readonly #namespace: Namespace | undefined;

  constructor(
    parts: Pick<PolicyParts, 'server' | 'authorizer'>,
    attributes: AdmissionAttributes,
    readonly target: Target,
  ) {
    const { namespace, group, resource } = attributes;
    this.#parts = parts;
    this.#attributes = attributes;
    this.#request = reviewRequest(attributes, target, parts.server.random.uuid());
    // A namespace is in itself, and no namespaceObject of its own.
    const isNamespace = group === '' && resource === 'namespaces';
    this.#namespace = namespace && !isNamespace ? parts.server.get<Namespace>(NAMESPACES, '', namespace) : undefined;
  }

  /** What expressions are given, with the object as it is now. */
  async values(params: KubeObject | undefined): Promise<Value[]> {
    const { authorizer } = this.#parts;
    const [object, oldObject] = await Promise.all([
      inVersion(this.#attributes, this.target, this.#attributes.object),
      inVersion(this.#attributes, this.target, this.#attributes.oldObject),
    ]);
    return requestValues({
      attributes: this.#attributes,
      object,
      oldObject,
      request: this.#request,
      params,
      namespaceObject: this.#namespace,
      authorizer,
    });
  }
}
