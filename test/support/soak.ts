/** What the long forms of suites (test/soak) share: how long to go on, and one way to print figures. */

/** Milliseconds that a long form goes on: REGATTA_SOAK_MINUTES, or `defaultMinutes`. */
export function soakDuration(defaultMinutes: number): number {
  const asked = Number(process.env['REGATTA_SOAK_MINUTES'] ?? defaultMinutes);
  if (!(asked > 0)) throw new Error(`REGATTA_SOAK_MINUTES must be a number above 0, not "${asked}"`);
  return asked * 60_000;
}

/** Prints one line of figures, each with its unit in the value: `# suite: name value, name value`. */
export function printFigures(suite: string, figures: Readonly<Record<string, string | number>>): void {
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  console.log(`# ${suite}: ${parts.join(', ')}`);
}
