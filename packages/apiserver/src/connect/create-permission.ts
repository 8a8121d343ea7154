/**
 * Running something in a Pod takes the right to create, also where a WebSocket begins as GET
 * (upstream: feature AuthorizePodWebsocketUpgradeCreatePermission).
 */
import { statusErrors } from '@regatta/api';
import type { Authorizer } from '../auth/identity.ts';
import { type ApiCall, attributesOf, forbiddenMessage } from '../server/api-call.ts';

/** @throws StatusError 403 */
export function requireCreate(authorizer: Authorizer, { user, info }: Pick<ApiCall, 'user' | 'info'>): void {
  const attributes = { ...attributesOf(user, info), verb: 'create' };
  const decision = authorizer.authorize(attributes);
  if (decision.verdict !== 'allow')
    throw statusErrors.forbidden(info, info.name, forbiddenMessage(attributes, decision.reason));
}
