/**
 * Everything that decides who somebody is and what they may do, put together once per server
 * (upstream: pkg/kubeapiserver/authenticator, pkg/kubeapiserver/authorizer: modes Node,RBAC).
 */
import { join } from 'node:path';
import { GuestTokens } from '../guests/guest-tokens.ts';
import { hostHint } from '../guests/host-hint.ts';
import { readIfPresent } from '../pki/files.ts';
import type { Pki } from '../pki/mod.ts';
import type { ServerContext } from '../server/context.ts';
import { BootstrapTokens } from './authenticators/bootstrap-token.ts';
import { RequestAuthenticator, type TokenLookup } from './authenticators/request-authenticator.ts';
import { TokenFile } from './authenticators/token-file.ts';
import { nodeRules } from './bootstrap-policy/bootstrap-objects.ts';
import type { Authenticator, Authorizer } from './identity.ts';
import { NodeAuthorizer } from './node/node-authorizer.ts';
import { NodeGraph } from './node/node-graph.ts';
import { EscalationCheck } from './rbac/escalation.ts';
import { PolicyIndex } from './rbac/policy-index.ts';
import { RbacAuthorizer } from './rbac/rbac-authorizer.ts';
import { TokenKey } from './tokens/json-web-token.ts';
import { ServiceAccountTokens } from './tokens/service-account-tokens.ts';
import { TokenIssuer } from './tokens/token-request.ts';
import { privilegedGroup, UnionAuthorizer } from './union-authorizer.ts';

export interface AuthOptions {
  readonly pki: Pick<Pki, 'serviceAccountKey'>;
  /** `<data-dir>`, where tokens.csv may be; none is read when left out. */
  readonly dataDir?: string;
}

export interface Auth {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly policy: PolicyIndex;
  readonly escalation: EscalationCheck;
  readonly tokenIssuer: TokenIssuer;
  readonly serviceAccountTokens: ServiceAccountTokens;
  /** Those who know opaque tokens. */
  readonly lookups: readonly TokenLookup[];
  readonly tokenKey: TokenKey;
  /** Stops following the storage. */
  close(): void;
}

/** @throws RangeError when tokens.csv is malformed */
export async function createAuth(server: ServerContext, options: AuthOptions): Promise<Auth> {
  const tokenKey = new TokenKey(options.pki.serviceAccountKey);
  const serviceAccountTokens = new ServiceAccountTokens(server, tokenKey);
  const tokenFile =
    options.dataDir === undefined ? undefined : await readIfPresent(join(options.dataDir, 'tokens.csv'));
  const lookups: readonly TokenLookup[] = [
    ...(tokenFile === undefined ? [] : [new TokenFile(tokenFile)]),
    new BootstrapTokens(server),
    new GuestTokens(server),
  ];
  const policy = new PolicyIndex(server.storage);
  const graph = new NodeGraph(server.storage);
  const authorizer = new UnionAuthorizer([
    privilegedGroup,
    new NodeAuthorizer(graph, nodeRules()),
    new RbacAuthorizer(policy),
    hostHint,
  ]);
  return {
    authenticator: new RequestAuthenticator({ serviceAccountTokens, lookups }),
    authorizer,
    policy,
    escalation: new EscalationCheck(policy, authorizer),
    tokenIssuer: new TokenIssuer(server, tokenKey),
    serviceAccountTokens,
    lookups,
    tokenKey,
    close: () => {
      policy.close();
      graph.close();
    },
  };
}
