/**
 * Who may be answered where. The server proves who published a message, by its subject; the reply address in it is
 * anybody's word. An answer sent to where a reply address points would let one identity speak to another's inbox with the
 * voice of whoever answers, so a reply address counts only when it is an inbox of the one who published.
 */
import { CONTROLLER_MANAGER_USER, escapeToken, parseInbox, requestUser, SYSTEM_ACCOUNTS } from '../subjects.ts';
import type { WireMessage } from './wire.ts';

const MAX_CALLERS = 4096;

/** Callers of late, by subject: the same few ask again and again. At most MAX_CALLERS are remembered. */
export class ProvenCallers {
  readonly #known = new Map<string, { readonly owner: string; readonly caller: string }>();

  /** The caller of a request; undefined when `owner`, in whose inbox the answer is wanted, can't have asked as that. */
  find(subject: string, owner: string): string | undefined {
    const known = this.#known.get(subject);
    if (known?.owner === owner) return known.caller;
    const caller = provenCaller(subject, owner);
    if (caller === undefined) return undefined;
    if (this.#known.size >= MAX_CALLERS) this.#known.clear();
    this.#known.set(subject, { owner, caller });
    return caller;
  }
}

function provenCaller(subject: string, owner: string): string | undefined {
  const caller = callerOf(subject);
  if (caller === undefined || owner === escapeToken(caller)) return caller;
  const isManager = owner === escapeToken(CONTROLLER_MANAGER_USER) && caller.startsWith(SYSTEM_ACCOUNTS);
  return isManager ? caller : undefined;
}

/** Whether what came to an inbox of `self` has no reply address, or one of whoever sent it. */
export function repliesToItsSender({ subject, reply }: WireMessage, self: string): boolean {
  if (!reply) return true;
  const inbox = parseInbox(reply);
  return inbox?.sender === self && isSender(subject, inbox.owner);
}

/** Whether `sender` published what came to this inbox subject. */
export function isSender(subject: string, sender: string | undefined): boolean {
  return sender !== undefined && parseInbox(subject)?.sender === sender;
}

function callerOf(subject: string): string | undefined {
  try {
    return requestUser(subject);
  } catch {
    // A token that no name is written as: a wildcard of somebody's permissions let it through.
    return undefined;
  }
}
