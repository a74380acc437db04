/** How long to wait before the next attempt. */

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Doubles with each failed attempt (0 is the first), spread over the upper half by `chance` in
 * [0, 1) so that thousands of pages do not return at once. The server's own wish is a lower bound.
 */
export function backoffMs(attempt: number, chance: () => number, atLeastMs = 0): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.max(atLeastMs, Math.round(ceiling * (0.5 + chance() / 2)));
}

/** Retry-After: seconds or an HTTP date (RFC 9110, section 10.2.3). Nothing readable is 0. */
export function retryAfterMs(header: string | null, now: number): number {
  if (header === null) return 0;
  const wait = /^\d+$/u.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : 0;
}
