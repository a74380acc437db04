import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, retryAfterMs } from "../src/backoff.ts";

test("waits grow, end at half a minute, and are spread over the upper half", () => {
  const longest = [0, 1, 2, 3, 4, 5, 50].map((attempt) => backoffMs(attempt, () => 1));
  assert.deepEqual(longest, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.equal(backoffMs(3, () => 0), 4_000);
});

test("the server's wish is a lower bound, not a replacement", () => {
  assert.equal(backoffMs(0, () => 1, 60_000), 60_000);
  assert.equal(backoffMs(5, () => 1, 2_000), 30_000);
});

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("2026-03-03T14:00:00Z");
  assert.equal(retryAfterMs("120", now), 120_000);
  assert.equal(retryAfterMs("Tue, 03 Mar 2026 14:00:30 GMT", now), 30_000);
  assert.equal(retryAfterMs("Tue, 03 Mar 2026 13:00:00 GMT", now), 0);
  assert.equal(retryAfterMs("soon", now), 0);
  assert.equal(retryAfterMs(null, now), 0);
});
