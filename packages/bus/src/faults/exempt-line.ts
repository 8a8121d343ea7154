/**
 * Questions and answers that no fault touches: how faults are set, healed and told.
 *
 *   fault.<endpoint>                           a question for an endpoint; its reply subject is an inbox of whoever asks
 *   in.<asker>.<endpoint>.<connection>.<n>     the answer
 *
 * Invariants: a question is answered to the inbox that it names, which the broker lets only that endpoint write to; one
 * that its asker withdrew (the same reply subject, without bytes) is not obeyed: a process that was frozen meanwhile asks
 * the broker for all that it missed before it looks at any question.
 */
import { type Clock, type Random, sleep } from '@regatta/runtime';
import { BusError } from '../connection.ts';
import type { Wire, WireSubscription } from '../link/wire.ts';
import { escapeToken, faultSubject, inboxSubject, parseInbox } from '../subjects.ts';

export interface ExemptAnswer {
  readonly data: Uint8Array;
  /** What happens once the answer is on its way. */
  readonly afterwards?: () => void;
}

export interface AskOptions {
  /** Real milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/** Questions that one connection waits for, and that one endpoint looks at, at once. */
export const MOST_QUESTIONS = 1024;

/** Real milliseconds after which whoever asks looks whether the endpoint is there, and the mark of such a look. */
const LOOK_MS = 250;
const LOOK = 'look';

const NOTHING = new Uint8Array(0);

interface Question {
  /** As a token of subjects. */
  readonly endpoint: string;
  readonly answer: (data: Uint8Array) => void;
  readonly fail: (error: BusError) => void;
}

export interface ExemptLineOptions {
  readonly wire: Wire;
  readonly user: string;
  readonly clock: Clock;
  readonly random: Random;
}

export class ExemptLine {
  readonly #options: ExemptLineOptions;
  readonly #token: string;
  readonly #questions = new Map<string, Question>();
  #inbox: WireSubscription | undefined;
  #ids = 0;
  readonly #serving = new Set<Promise<void>>();

  constructor(options: ExemptLineOptions) {
    this.#options = options;
    this.#token = options.random.uuid().replaceAll('-', '');
    options.wire.onDenied((subject) => this.#denied(subject));
  }

  /**
   * Asks an endpoint.
   * @throws BusError `no-responders` when it is not connected, `timeout` when it is frozen, `aborted`, `overloaded`
   */
  ask(endpoint: string, data: Uint8Array, { timeout, signal }: AskOptions): Promise<Uint8Array> {
    const { wire, user, clock } = this.#options;
    if (signal?.aborted) return Promise.reject(aborted(signal));
    if (this.#questions.size >= MOST_QUESTIONS)
      return Promise.reject(new BusError('overloaded', 'too many questions at once'));
    this.#inbox ??= wire.subscribe(`in.${escapeToken(user)}.*.${this.#token}.*`, ({ subject, data: bytes }) =>
      this.#answered(subject, bytes),
    );
    const id = String(++this.#ids);
    const reply = inboxSubject(user, endpoint, this.#token, id);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        looking.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#questions.delete(id);
      };
      const fail = (error: BusError): void => {
        done();
        reject(error);
      };
      const withdraw = (error: BusError): void => {
        fail(error);
        wire.publish(faultSubject(endpoint), NOTHING, reply);
      };
      const onAbort = (): void => withdraw(aborted(signal));
      const timer = clock.setTimer(timeout, () =>
        withdraw(new BusError('timeout', `${endpoint} does not answer: no word within ${Math.round(timeout)} ms`)),
      );
      // Whoever took the question may be gone since: only a new message shows that, and this one says nothing.
      const look = (): void => {
        wire.publish(faultSubject(endpoint), NOTHING, `${reply}${LOOK}`);
        looking = clock.setTimer(LOOK_MS, look);
      };
      let looking = clock.setTimer(LOOK_MS, look);
      signal?.addEventListener('abort', onAbort, { once: true });
      const answer = (bytes: Uint8Array): void => {
        if (bytes.length === 0) return fail(new BusError('no-responders', `${endpoint} is not connected`));
        done();
        resolve(bytes);
      };
      this.#questions.set(id, { endpoint: escapeToken(endpoint), answer, fail });
      wire.publish(faultSubject(endpoint), data, reply);
    });
  }

  /** @throws BusError `aborted` */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return sleep(this.#options.clock, ms, signal).catch(() => Promise.reject(aborted(signal)));
  }

  /** Answers questions to this endpoint. @param handle must not throw */
  serve(handle: (data: Uint8Array) => Promise<ExemptAnswer>): WireSubscription {
    const { wire, user } = this.#options;
    const self = escapeToken(user);
    /** Questions that are looked at; true: withdrawn. */
    const open = new Map<string, boolean>();
    return wire.subscribe(faultSubject(user), ({ data, reply }) => {
      if (reply === undefined || parseInbox(reply)?.sender !== self) return;
      if (data.length === 0) {
        if (open.has(reply)) open.set(reply, true);
      } else if (open.size < MOST_QUESTIONS && !open.has(reply)) {
        open.set(reply, false);
        const served = this.#serveOne(data, reply, handle, () => open.get(reply) === true).finally(() => {
          open.delete(reply);
          this.#serving.delete(served);
        });
        this.#serving.add(served);
      }
    });
  }

  /** Resolves when all that was asked so far is answered. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#serving);
  }

  async #serveOne(
    data: Uint8Array,
    reply: string,
    handle: (data: Uint8Array) => Promise<ExemptAnswer>,
    withdrawn: () => boolean,
  ): Promise<void> {
    const { wire } = this.#options;
    // Whatever the broker had for this endpoint before is here when it answers.
    await wire.flush().catch(() => {});
    if (withdrawn()) return;
    const answer = await handle(data);
    wire.publish(reply, answer.data);
    if (!answer.afterwards) return;
    await wire.flush().catch(() => {});
    answer.afterwards();
  }

  #denied(subject: string): void {
    const message = `the bus does not allow ${this.#options.user} to publish to ${subject}`;
    for (const { endpoint, fail } of [...this.#questions.values()])
      if (subject === `fault.${endpoint}`) fail(new BusError('denied', message));
  }

  #answered(subject: string, data: Uint8Array): void {
    const id = subject.slice(subject.lastIndexOf('.') + 1).replace(LOOK, '');
    const question = this.#questions.get(id);
    // The broker says that nobody is there as the endpoint would: on the subject of its answers.
    if (question && parseInbox(subject)?.sender === question.endpoint) question.answer(data);
  }
}

function aborted(signal: AbortSignal | undefined): BusError {
  return new BusError('aborted', 'the question was withdrawn', { cause: signal?.reason });
}
