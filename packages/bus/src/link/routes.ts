/**
 * Where a service is asked, and where it answers: remembered, for calls are many and services few.
 *
 * Invariant: at most MAX_ROUTES are remembered, all of one connection token.
 */
import { inboxSubject, requestSubject, servingUser } from '../subjects.ts';

const MAX_ROUTES = 4096;

export interface Route {
  readonly subject: string;
  readonly inbox: string;
}

export class Routes {
  readonly #known = new Map<string, Route>();

  constructor(readonly user: string) {}

  /** @param as the user to ask as, @param token this connection's */
  find(service: string, as: string, token: string): Route {
    const key = `${service} ${as}`;
    let route = this.#known.get(key);
    if (!route) {
      route = {
        subject: requestSubject(service, as),
        inbox: inboxSubject(this.user, servingUser(service), token, 'f'),
      };
      if (this.#known.size >= MAX_ROUTES) this.#known.clear();
      this.#known.set(key, route);
    }
    return route;
  }

  /** The token has changed. */
  clear(): void {
    this.#known.clear();
  }
}
