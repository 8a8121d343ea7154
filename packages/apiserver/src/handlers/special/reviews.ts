/**
 * Requests that ask the server's own judgement: who is this, may they, give me a token
 * (upstream: pkg/registry/{authentication,authorization}, pkg/registry/core/serviceaccount/storage/token.go).
 */
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  TokenRequest,
  TokenReview,
} from '@regatta/api';
import {
  type Auth,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectReview,
  selfSubjectRulesReview,
  subjectAccessReview,
  tokenReview,
} from '../../auth/mod.ts';
import { timestamp } from '../../registry/write-request.ts';
import type { ResourceHandler } from '../dispatch.ts';
import { admitCreate, answer, readCreate, readOwned } from './create-only.ts';

const authorization = (kind: string) => ({ group: 'authorization.k8s.io', version: 'v1', kind });
const authentication = (kind: string) => ({ group: 'authentication.k8s.io', version: 'v1', kind });

export function reviewHandlers(auth: Auth): [string, ResourceHandler][] {
  const { authorizer } = auth;
  return [
    [
      'authorization.k8s.io/subjectaccessreviews',
      async (env, call, resource) => {
        const { object, negotiated } = await readOwned<SubjectAccessReview>(
          env,
          call,
          resource,
          authorization('SubjectAccessReview'),
        );
        return answer(negotiated, subjectAccessReview(authorizer, object));
      },
    ],
    [
      'authorization.k8s.io/selfsubjectaccessreviews',
      async (env, call, resource) => {
        const target = authorization('SelfSubjectAccessReview');
        const { object, negotiated } = await readOwned<SelfSubjectAccessReview>(env, call, resource, target);
        return answer(negotiated, selfSubjectAccessReview(authorizer, call.user, object));
      },
    ],
    [
      'authorization.k8s.io/localsubjectaccessreviews',
      async (env, call, resource) => {
        const target = authorization('LocalSubjectAccessReview');
        const { object, negotiated } = await readOwned<LocalSubjectAccessReview>(env, call, resource, target);
        return answer(negotiated, localSubjectAccessReview(authorizer, call.info.namespace, object));
      },
    ],
    [
      'authorization.k8s.io/selfsubjectrulesreviews',
      async (env, call, resource) => {
        const target = authorization('SelfSubjectRulesReview');
        const { object, negotiated } = await readOwned<SelfSubjectRulesReview>(env, call, resource, target);
        return answer(negotiated, selfSubjectRulesReview(auth.policy, call.user, object));
      },
    ],
    [
      'authentication.k8s.io/selfsubjectreviews',
      async (env, call, resource) => {
        const { object, negotiated } = await readOwned<SelfSubjectReview>(
          env,
          call,
          resource,
          authentication('SelfSubjectReview'),
        );
        const now = timestamp(env.registry.server.clock.now());
        return answer(negotiated, selfSubjectReview(call.user, object, now));
      },
    ],
    [
      'authentication.k8s.io/tokenreviews',
      async (env, call, resource) => {
        const { object, negotiated } = await readOwned<TokenReview>(env, call, resource, authentication('TokenReview'));
        return answer(negotiated, tokenReview(auth, object));
      },
    ],
    [
      '/serviceaccounts/token',
      async (env, call, resource) => {
        const { object, options, negotiated } = await readCreate<TokenRequest>(
          env,
          call,
          authentication('TokenRequest'),
        );
        await admitCreate(env, call, resource, object, options);
        const { namespace, name } = call.info;
        return answer(negotiated, auth.tokenIssuer.create(namespace, name, object));
      },
    ],
  ];
}
