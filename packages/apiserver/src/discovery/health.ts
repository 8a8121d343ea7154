/**
 * /healthz, /livez and /readyz: named checks, alone or all together
 * (upstream: staging/src/k8s.io/apiserver/pkg/server/healthz/healthz.go).
 */
import type { FixedResponse, ResponseHeaders } from '../server/exchange.ts';
import { textResponse } from '../server/status-response.ts';

export interface HealthCheck {
  readonly name: string;
  /** What is wrong; undefined when nothing is. */
  check(): string | undefined;
  /** Only /readyz asks: an unready server is alive. */
  readonly readinessOnly?: boolean;
}

const ENDPOINTS = new Set(['healthz', 'livez', 'readyz']);
const NO_SNIFF: ResponseHeaders = { 'x-content-type-options': 'nosniff' };

export class Health {
  readonly #checks: HealthCheck[] = [
    { name: 'ping', check: () => undefined },
    { name: 'log', check: () => undefined },
  ];

  add(check: HealthCheck): void {
    this.#checks.push(check);
  }

  /** Every path that is served: each endpoint, and each check below it. */
  get paths(): string[] {
    return [...ENDPOINTS].flatMap((endpoint) => [
      `/${endpoint}`,
      ...this.#of(endpoint).map(({ name }) => `/${endpoint}/${name}`),
    ]);
  }

  /** The answer for a health path; undefined when the path is none. */
  serve(path: string, query: URLSearchParams): FixedResponse | undefined {
    const [endpoint = '', ...parts] = path.split('/').slice(1);
    if (!ENDPOINTS.has(endpoint)) return undefined;
    const checks = this.#of(endpoint);
    const name = parts.join('/');
    if (name === '') return all(endpoint, checks, query);
    const check = checks.find((candidate) => candidate.name === name);
    if (!check) return undefined;
    const problem = check.check();
    if (problem === undefined) return textResponse(200, 'ok', NO_SNIFF);
    return textResponse(500, `internal server error: ${problem}\n`, NO_SNIFF);
  }

  #of(endpoint: string): HealthCheck[] {
    return this.#checks.filter((check) => endpoint === 'readyz' || !check.readinessOnly);
  }

  /** The problems of readiness, by check. */
  problems(): Map<string, string> {
    const found = this.#checks.map(({ name, check }): [string, string | undefined] => [name, check()]);
    return new Map(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }
}

function all(endpoint: string, checks: readonly HealthCheck[], query: URLSearchParams): FixedResponse {
  const excluded = new Set(query.getAll('exclude'));
  const lines: string[] = [];
  let failed = false;
  for (const { name, check } of checks) {
    if (excluded.delete(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const problem = check();
    if (problem !== undefined) failed = true;
    lines.push(problem === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  const text = lines.join('\n');
  if (failed) return textResponse(500, `${text}\n${endpoint} check failed\n`, NO_SNIFF);
  return textResponse(200, query.has('verbose') ? `${text}\n${endpoint} check passed\n` : 'ok', NO_SNIFF);
}
