import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Malformed,
  parseHistory,
  parseMessage,
  Transcript,
  type Message,
} from "../src/messages.ts";

function said(id: string, author: Message["author"], clientId: string | null = null): Message {
  return parseMessage({
    id,
    author,
    author_name: null,
    text: id,
    created_at: "2026-03-03T14:00:00Z",
    client_id: clientId,
    status: author === "contact" ? "sent" : null,
  });
}

const idsOf = (transcript: Transcript): string[] => transcript.messages.map(({ id }) => id);

test("a message that comes twice is shown once, as it was said last", () => {
  const read: Message = { ...said("1", "contact", "c"), status: "read" };
  const transcript = Transcript.empty.reread([said("1", "contact", "c"), said("2", "agent"), read]);
  assert.deepEqual(idsOf(transcript), ["1", "2"]);
  assert.equal(transcript.messages[0]?.status, "read");
});

test("our own message stands at the end until the server names its place", () => {
  let transcript = Transcript.empty.reread([said("1", "contact")]).post(said("3", "contact", "c"));
  transcript = transcript.place(said("2", "agent"));
  assert.deepEqual(idsOf(transcript), ["1", "2", "3"]);
  transcript = transcript.place(said("3", "contact", "c")).place(said("4", "agent"));
  assert.deepEqual(idsOf(transcript), ["1", "2", "3", "4"]);
});

test("a history read before our own message was taken does not hide it", () => {
  const posted = Transcript.empty.post(said("2", "contact", "c"));
  assert.deepEqual(idsOf(posted.reread([said("1", "agent")])), ["1", "2"]);
  assert.deepEqual(idsOf(posted.reread([said("2", "contact", "c")])), ["2"]);
  assert.deepEqual(idsOf(posted.withoutPosted().reread([said("1", "agent")])), ["1"]);
});

test("the answer to a post that arrives after the stream changes nothing", () => {
  const transcript = Transcript.empty.reread([said("1", "contact", "c"), said("2", "agent")]);
  assert.deepEqual(idsOf(transcript.post(said("1", "contact", "c"))), ["1", "2"]);
});

test("unread are the replies after the message seen last", () => {
  const all = Transcript.empty.reread([
    said("1", "ai"),
    said("2", "contact"),
    said("3", "system"),
    said("4", "agent"),
  ]);
  assert.equal(all.unreadAfter("2"), 1);
  assert.equal(all.unreadAfter("4"), 0);
  assert.equal(all.unreadAfter(null), 2);
  assert.equal(all.newestReply?.id, "4");
});

test("what is not a message is refused at the border", () => {
  const good = { id: "1", author: "agent", text: "x" };
  assert.equal(parseMessage(good).authorName, null);
  for (const bad of [null, 7, {}, { ...good, text: 1 }, { ...good, author: "robot" }]) {
    assert.throws(() => parseMessage(bad), Malformed);
  }
  assert.throws(() => parseHistory({ state: "odd", messages: [] }), Malformed);
});
