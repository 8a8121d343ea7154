/**
 * Tells a guest who may not use one of Regatta's own paths whom to ask. It allows and denies nothing.
 */
import type { Authorizer } from '../auth/identity.ts';
import { GUESTS_GROUP } from './guest-record.ts';
import { powerOf } from './powers.ts';

const NO_OPINION = { verdict: 'no-opinion', reason: '' } as const;

export const hostHint: Authorizer = {
  authorize: ({ user, isResource, path }) => {
    if (isResource || !path.startsWith('/regatta/') || !user.groups.includes(GUESTS_GROUP)) return NO_OPINION;
    const power = powerOf(path);
    const how = power === undefined ? '' : `: \`regatta invite ${user.name} --can ${power}\` gives this power`;
    return { verdict: 'no-opinion', reason: `ask the host of this cluster${how}` };
  },
};
