/**
 * Guests over HTTPS: what `regatta invite` and `regatta join <link>` do. (`POST /regatta/v1/join`, with machines' tokens, is
 * for machines: join.ts.)
 *
 *   GET    /regatta/v1/ca                the cluster's authority, for whoever knows its hash; anybody may
 *   GET    /regatta/v1/guests
 *   POST   /regatta/v1/guests            {"name": "alice", "team": "red", "can": ["kill-nodes"], "ttl": "8h"}
 *   DELETE /regatta/v1/guests/{name}
 *   POST   /regatta/v1/guests/accept     as somebody with a join link: the link's secret is the bearer token
 *
 * Answers that hold secrets are not to be cached, and are never written to the audit log.
 */
import { isDNS1123Label, statusErrors } from '@regatta/api';
import { formatTime } from '@regatta/client';
import { parseDuration } from '@regatta/runtime';
import type { GuestDesk, Invitation } from '../guests/guest-desk.ts';
import { GUEST_LIMITS, type GuestRecord, readToken } from '../guests/guest-record.ts';
import { isPower, POWERS, type Power } from '../guests/powers.ts';
import { headerValue } from '../server/exchange.ts';
import { BodyFields } from './body-fields.ts';
import { jsonResponse, type RegattaRoute } from './route-table.ts';

export const GUESTS_PATH = '/regatta/v1/guests';

/** Names that would be taken for somebody else, or for a part of the cluster. */
const RESERVED =
  /^(default|admin|administrator|root|anonymous|cluster|regatta|kubernetes.*|kube-.*|system.*|regatta-.*|node-\d+)$/;

export interface GuestRoutesOptions {
  readonly desk: GuestDesk;
  /** PEM. */
  readonly ca: string;
  /** The cluster's name. */
  readonly cluster: string;
}

export function guestRoutes({ desk, ca, cluster }: GuestRoutesOptions): readonly RegattaRoute[] {
  return [
    {
      method: 'GET',
      path: '/regatta/v1/ca',
      serve: () => ({ code: 200, headers: { 'content-type': 'application/x-pem-file' }, body: [Buffer.from(ca)] }),
    },
    { method: 'GET', path: GUESTS_PATH, serve: () => jsonResponse({ guests: desk.list().map(shown) }) },
    {
      method: 'POST',
      path: GUESTS_PATH,
      serve: async ({ call }) => {
        const invitation = readInvitation(await BodyFields.read(call.request));
        const { guest, token, linkSecret } = await desk.invite(invitation, call.user);
        call.trail?.made(guest.name);
        return secretResponse({ ...shown(guest), cluster, ca, token, linkSecret });
      },
    },
    {
      method: 'POST',
      path: `${GUESTS_PATH}/accept`,
      serve: async ({ call }) => {
        const bearer = headerValue(call.request, 'authorization')?.split(' ').at(-1) ?? '';
        const { guest, token } = await desk.accept(call.user, readToken(bearer)?.secret ?? '');
        return secretResponse({ ...shown(guest), cluster, ca, token });
      },
    },
    {
      method: 'DELETE',
      path: `${GUESTS_PATH}/{name}`,
      serve: async ({ params: { name = '' } }) => jsonResponse(shown(await desk.revoke(name))),
    },
  ];
}

function secretResponse(value: object): ReturnType<typeof jsonResponse> {
  const response = jsonResponse(value);
  response.headers['cache-control'] = 'no-store';
  return response;
}

function shown({
  name,
  namespace,
  team,
  powers,
  invitedBy,
  invitedAt,
  expiresAt,
  joinedAt,
  link,
}: GuestRecord): object {
  return {
    name,
    namespace,
    ...(team === undefined ? {} : { team }),
    can: powers,
    invitedBy,
    invitedAt: formatTime(invitedAt),
    expires: formatTime(expiresAt),
    ...(joinedAt === undefined ? {} : { joinedAt: formatTime(joinedAt) }),
    ...(link ? { linkExpires: formatTime(link.expiresAt) } : {}),
  };
}

/** @throws StatusError 400 */
function readInvitation(body: BodyFields): Invitation {
  const name = readName(body.required('name', body.string('name')), 'name');
  const team = body.string('team');
  const powers = (body.strings('can') ?? []).map(readPower);
  const stayMs = readStay(body.string('ttl'));
  body.done();
  return { name, team: team === undefined ? undefined : readName(team, 'team'), powers: [...new Set(powers)], stayMs };
}

function readName(text: string, field: string): string {
  const problem =
    isDNS1123Label(text)[0] ??
    (text.length > GUEST_LIMITS.nameLength
      ? `must be no more than ${GUEST_LIMITS.nameLength} characters`
      : undefined) ??
    (RESERVED.test(text) ? 'this name is kept for the cluster itself' : undefined);
  if (problem === undefined) return text;
  throw statusErrors.badRequest(`field "${field}": ${JSON.stringify(text)}: ${problem}`);
}

function readPower(text: string): Power {
  if (isPower(text)) return text;
  throw statusErrors.badRequest(
    `field "can": there is no power ${JSON.stringify(text)}; there are ${POWERS.join(', ')}`,
  );
}

function readStay(text: string | undefined): number {
  const ms = text === undefined ? GUEST_LIMITS.stayMs : parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= GUEST_LIMITS.longestStayMs) return ms;
  throw statusErrors.badRequest('field "ttl" must be a duration from above 0 to 720h, as "90m" or "8h"');
}
