import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStreamParser } from "../src/eventstream.ts";

const STREAM =
  ': ping\n\nevent: message\ndata: {"text":"one"}\n\nevent: state\r\ndata: a\r\ndata:b\r\n\r\n' +
  "event: nothing\n\ndata: plain\r\r: ping\n\n";
const EVENTS = [
  { kind: "message", text: '{"text":"one"}' },
  { kind: "state", text: "a\nb" },
  { kind: "message", text: "plain" },
];

test("events are the same wherever the network cuts the stream", () => {
  assert.deepEqual(new EventStreamParser().push(STREAM), EVENTS);
  for (let first = 0; first <= STREAM.length; first++) {
    for (const second of [first, Math.min(first + 1, STREAM.length), STREAM.length]) {
      const parser = new EventStreamParser();
      const chunks = [STREAM.slice(0, first), STREAM.slice(first, second), STREAM.slice(second)];
      assert.deepEqual(chunks.flatMap((chunk) => parser.push(chunk)), EVENTS, `${first} ${second}`);
    }
  }
});

test("an event is given when its empty line is there, not before", () => {
  const parser = new EventStreamParser();
  assert.deepEqual(parser.push("data: half"), []);
  assert.deepEqual(parser.push("\n"), []);
  assert.deepEqual(parser.push("\n"), [{ kind: "message", text: "half" }]);
});
