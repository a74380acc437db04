import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../src/outbox.ts";

class Place {
  text: string | null = null;
  read(): string | null {
    return this.text;
  }
  write(text: string): void {
    this.text = text;
  }
}

function filled(...ids: string[]): { place: Place; outbox: Outbox } {
  const place = new Place();
  const outbox = new Outbox(place);
  for (const id of ids) outbox.add(id, `text of ${id}`, "2026-03-03T14:00:00Z");
  return { place, outbox };
}

const idsOf = (outbox: Outbox): string[] => outbox.queue.map(({ clientId }) => clientId);

test("the oldest is sent first, also by the next page", () => {
  const { place, outbox } = filled("a", "b");
  assert.equal(outbox.next?.clientId, "a");
  outbox.drop("a");
  assert.equal(new Outbox(place).next?.clientId, "b");
});

test("what another tab adds or drops is seen at once", () => {
  const { place, outbox } = filled("a");
  const otherTab = new Outbox(place);
  otherTab.add("b", "b", "");
  otherTab.drop("a");
  outbox.add("c", "c", "");
  assert.deepEqual(idsOf(otherTab), ["b", "c"]);
});

test("a refused message holds up nobody and goes to the end when tried again", () => {
  const { outbox } = filled("a", "b");
  const before = outbox.next;
  assert.ok(before);
  outbox.markAttempt("a");
  outbox.refuse(before, "too long");
  assert.equal(outbox.next?.clientId, "b");
  outbox.resume();
  assert.equal(outbox.next?.clientId, "b", "the network's return does not mend a refusal");
  outbox.retry("a");
  assert.deepEqual(idsOf(outbox), ["b", "a"]);
  assert.equal(outbox.queue[1]?.refusal, null);
});

test("a refusal ends the doubt of its own attempt, never that of an earlier one", () => {
  const { outbox } = filled("a");
  const first = outbox.next;
  assert.ok(first);
  outbox.markAttempt("a");
  outbox.refuse(first, "slow down");
  assert.equal(outbox.queue[0]?.inDoubt, false);
  outbox.retry("a");
  outbox.markAttempt("a"); // no answer to this one
  const second = outbox.next;
  assert.ok(second);
  outbox.markAttempt("a");
  outbox.refuse(second, "slow down");
  assert.equal(outbox.queue[0]?.inDoubt, true);
});

test("what the service did not hear is due again in the order written", () => {
  const { outbox } = filled("a", "b", "c");
  outbox.giveUpForNow("unreachable");
  assert.ok(outbox.queue.every(({ refusal }) => refusal?.passing));
  outbox.retry("b");
  assert.deepEqual(idsOf(outbox), ["a", "b", "c"]);
  assert.equal(outbox.next?.clientId, "a");
});

test("foreign content under our key is no queue", () => {
  const place = new Place();
  for (const foreign of ["{", "null", "7", '[1, null, {"clientId": 3}]']) {
    place.text = foreign;
    assert.deepEqual(new Outbox(place).queue, [], foreign);
  }
});
