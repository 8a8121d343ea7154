/**
 * Who is there: what each person asked last, and what they have open (watches, logs, exec). It is what `regatta who` shows,
 * and how somebody whose identity ends is cut off at once.
 *
 * Invariants: components are not looked at; of those who have nothing open PRESENCE_LIMITS.people are remembered, the one not seen
 * longest makes room; a request costs a look-up and a few fields.
 */
import type { Clock } from '@regatta/runtime';
import type { UserInfo } from '../auth/identity.ts';
import { GUESTS_GROUP } from '../guests/guest-record.ts';
import { headerValue, type ServerRequest, type StreamResponse, type StreamSink } from './exchange.ts';
import type { RequestInfo } from './request-info.ts';

export const PRESENCE_LIMITS = {
  people: 1_000,
  /** Characters that are kept of what clients call themselves. */
  agent: 80,
} as const;

/** Something that lasts: a watch, a followed log, a terminal. */
export interface OpenSession {
  readonly info: RequestInfo;
  /** Epoch milliseconds. */
  readonly since: number;
  end(): void;
}

export interface Person {
  readonly name: string;
  /** Epoch milliseconds. */
  seenAt: number;
  agent: string;
  /** The namespace that they last worked in. */
  namespace: string;
  requests: number;
  /** Invited, as opposed to somebody of the house. */
  guest: boolean;
  readonly sessions: Set<OpenSession>;
}

/** Components, nodes and controllers; service accounts of Pods and scripts outside kube-system are somebody's. */
export function isPerson({ name }: UserInfo): boolean {
  if (!name.startsWith('system:')) return name !== '';
  return name.startsWith('system:serviceaccount:') && !name.startsWith('system:serviceaccount:kube-system:');
}

export class Presence {
  readonly #people = new Map<string, Person>();
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  seen(user: UserInfo, info: RequestInfo, request: ServerRequest): void {
    if (!isPerson(user)) return;
    const person = this.#person(user.name);
    person.seenAt = this.#clock.now();
    person.requests++;
    person.guest = user.groups.includes(GUESTS_GROUP);
    // What commands look up on the side is nobody's place of work.
    if (info.namespace !== '' && !info.namespace.startsWith('kube-')) person.namespace = info.namespace;
    const agent = headerValue(request, 'user-agent');
    if (agent !== undefined) person.agent = agent.slice(0, PRESENCE_LIMITS.agent);
  }

  /** Everybody who was seen at or after `since`, or has something open; whoever was seen last comes first. */
  list(since: number): readonly Person[] {
    return [...this.#people.values()]
      .filter(({ seenAt, sessions }) => seenAt >= since || sessions.size > 0)
      .sort((one, other) => other.seenAt - one.seenAt);
  }

  /** The stream, noted as open until it ends, and cut when its user's identity ends. */
  followed(user: UserInfo, info: RequestInfo, response: StreamResponse): StreamResponse {
    if (!isPerson(user)) return response;
    return {
      ...response,
      stream: async (sink) => {
        const cut = new AbortController();
        const close = this.open(user, info, () => cut.abort(new Error('the identity of the caller has ended')));
        try {
          await response.stream(cuttable(sink, cut.signal));
          cut.signal.throwIfAborted();
        } finally {
          close();
        }
      },
    };
  }

  /** Something that lasts begins. @returns how it is noted that it ended */
  open(user: UserInfo, info: RequestInfo, end: () => void): () => void {
    if (!isPerson(user)) return () => {};
    const { sessions } = this.#person(user.name);
    const session: OpenSession = { info, since: this.#clock.now(), end };
    sessions.add(session);
    return () => sessions.delete(session);
  }

  /** Ends everything that a user has open. */
  cutOff(user: string): void {
    for (const session of [...(this.#people.get(user)?.sessions ?? [])]) session.end();
  }

  #person(name: string): Person {
    const known = this.#people.get(name);
    if (known) return known;
    if (this.#people.size >= PRESENCE_LIMITS.people) this.#makeRoom();
    const fresh: Person = {
      name,
      seenAt: this.#clock.now(),
      agent: '',
      namespace: '',
      requests: 0,
      guest: false,
      sessions: new Set(),
    };
    this.#people.set(name, fresh);
    return fresh;
  }

  /** Whoever has something open stays: it must be possible to end it. */
  #makeRoom(): void {
    let leaving: Person | undefined;
    for (const one of this.#people.values()) {
      if (one.sessions.size === 0 && (!leaving || one.seenAt < leaving.seenAt)) leaving = one;
    }
    if (leaving) this.#people.delete(leaving.name);
  }
}

/** The sink, whose waits end also when `cut` aborts. */
function cuttable(sink: StreamSink, cut: AbortSignal): StreamSink {
  const ended = new Promise<void>((resolve) => cut.addEventListener('abort', () => resolve(), { once: true }));
  return {
    write: (bytes) => sink.write(bytes),
    drained: () => Promise.race([sink.drained(), ended]),
    signal: AbortSignal.any([sink.signal, cut]),
  };
}
