import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, type OutboxPlace } from "../src/outbox.ts";

/** A tab's view of what all tabs share. `behind`: the others' writes have not reached it yet. */
class Place implements OutboxPlace {
  constructor(
    readonly shared = new Map<string, string>(),
    private readonly behind: Map<string, string> | null = null,
  ) {}
  texts(): readonly string[] {
    return [...(this.behind ?? this.shared).values()];
  }
  write(clientId: string, text: string): void {
    this.behind?.set(clientId, text);
    this.shared.set(clientId, text);
  }
  remove(clientId: string): void {
    this.behind?.delete(clientId);
    this.shared.delete(clientId);
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

test("a tab that is behind drops nothing that another one added", (context) => {
  const { place, outbox } = filled("a");
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const late = new Outbox(new Place(place.shared, new Map(place.shared)));
  outbox.add("b", "b", "");
  context.mock.timers.tick(2);
  late.markAttempt("a");
  late.drop("a");
  late.add("c", "c", "");
  assert.deepEqual(idsOf(outbox), ["b", "c"]);
});

test("a tab that is behind brings back what it writes about, and nothing else", () => {
  const { place, outbox } = filled("a", "b");
  const late = new Outbox(new Place(place.shared, new Map(place.shared)));
  outbox.drop("a");
  outbox.drop("b");
  late.markAttempt("a");
  assert.deepEqual(
    outbox.queue.map(({ clientId, inDoubt }) => [clientId, inDoubt]),
    [["a", true]],
    "the server knows it by its client id",
  );
});

test("a clock set back does not let a later message overtake", (context) => {
  const { outbox } = filled("a");
  context.mock.timers.enable({ apis: ["Date"], now: 0 });
  outbox.add("b", "b", "");
  assert.deepEqual(idsOf(outbox), ["a", "b"]);
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

test("foreign content under our key is no message", () => {
  const place = new Place();
  for (const foreign of ["", "{", "null", "7", "[1]", '{"clientId": 3}', '{"turn": 1}']) {
    place.write("a", foreign);
    assert.deepEqual(new Outbox(place).queue, [], foreign);
  }
});
