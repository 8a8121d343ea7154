/**
 * Instants as the API writes them (k8s.io/apimachinery/pkg/apis/meta/v1, Time and MicroTime).
 */

/** metav1.Time: `2026-01-01T00:00:00Z`, whole seconds, rounded down. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime: `2026-01-01T00:00:00.000000Z`. */
export function formatMicroTime(epochMs: number): string {
  const micros = Math.floor((epochMs - Math.floor(epochMs)) * 1000);
  return `${new Date(epochMs).toISOString().slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
}
