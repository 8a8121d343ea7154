/**
 * Static bearer tokens from `<data-dir>/tokens.csv`: token,user,uid[,"group,group"]
 * (upstream: staging/src/k8s.io/apiserver/pkg/authentication/token/tokenfile).
 */
import { createHash } from 'node:crypto';
import type { UserInfo } from '../identity.ts';

const MIN_COLUMNS = 3;

/** Tokens are kept by their hash, so that a look-up's time tells nothing about them. */
export class TokenFile {
  readonly #users = new Map<string, UserInfo>();

  /** @throws RangeError naming the line that has too few columns */
  constructor(text: string) {
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const [token, name, uid, groups, ...rest] = columns(line);
      if (!token || !name || uid === undefined || rest.length > 0) {
        throw new RangeError(
          `line ${index + 1} of the token file needs at least ${MIN_COLUMNS} columns: token, user name, user uid`,
        );
      }
      this.#users.set(hash(token), {
        name,
        ...(uid === '' ? {} : { uid }),
        groups: groups ? groups.split(',').map((group) => group.trim()) : [],
      });
    }
  }

  userOf(token: string): UserInfo | undefined {
    return this.#users.get(hash(token));
  }
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/** The columns of a CSV line; a quoted one may hold commas, and "" for a quote. */
function columns(line: string): string[] {
  const found: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))/g)) {
    found.push(quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"'));
  }
  return found;
}
