/**
 * What a host may let guests do beyond their namespace: each power is a ClusterRole (regatta-roles.json) with some of
 * Regatta's own paths.
 */
export const POWERS = ['kill-nodes', 'break-links', 'kill-components', 'heal', 'change-speed'] as const;
export type Power = (typeof POWERS)[number];

export function isPower(text: string): text is Power {
  return POWERS.some((power) => power === text);
}

export function powerRole(power: Power): string {
  return `regatta:power:${power}`;
}

/** Which power a path of ours takes. */
const PATHS: readonly (readonly [RegExp, Power])[] = [
  [/^\/regatta\/v1\/nodes\//, 'kill-nodes'],
  [/^\/regatta\/v1\/links$/, 'break-links'],
  [/^\/regatta\/v1\/components\//, 'kill-components'],
  [/^\/regatta\/v1\/faults/, 'heal'],
  [/^\/regatta\/v1\/speed$/, 'change-speed'],
];

export function powerOf(path: string): Power | undefined {
  return PATHS.find(([pattern]) => pattern.test(path))?.[1];
}
