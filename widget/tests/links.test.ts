import assert from "node:assert/strict";
import { test } from "node:test";
import { splitText } from "../src/links.ts";

const linksIn = (text: string): string[] =>
  splitText(text).flatMap((piece) => (piece.kind === "link" ? [piece.text] : []));

test("nothing of a text is lost between its pieces", () => {
  const text = "See https://a.example/x?y=1#z, or\nhttp://b.example.\r\n\r\nEnd";
  const joined = splitText(text)
    .map((piece) => (piece.kind === "break" ? "\n" : piece.text))
    .join("");
  assert.equal(joined, text.replaceAll("\r\n", "\n"));
});

test("punctuation that ends a sentence stays outside the link", () => {
  assert.deepEqual(linksIn("Look at https://a.example/b."), ["https://a.example/b"]);
  assert.deepEqual(linksIn("(https://a.example/b)!"), ["https://a.example/b"]);
  assert.deepEqual(linksIn("هل رأيت https://a.example/b؟"), ["https://a.example/b"]);
});

test("a bracket that was opened in an address belongs to it", () => {
  assert.deepEqual(linksIn("https://a.example/Bike_(frame)."), ["https://a.example/Bike_(frame)"]);
});

test("only http and https become links", () => {
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,<b>",
    "ftp://a.example",
    "xhttps://a.example",
    "https://",
    "http://[",
  ]) {
    assert.deepEqual(linksIn(text), [], text);
  }
});

test("markup and quotes end an address and stay text", () => {
  assert.deepEqual(linksIn('https://a.example"onclick=x'), ["https://a.example"]);
  assert.deepEqual(splitText("<img src=x>"), [{ kind: "text", text: "<img src=x>" }]);
});

test("each line break is one piece", () => {
  const kinds = splitText("a\n\nb\rc").map((piece) => piece.kind);
  assert.deepEqual(kinds, ["text", "break", "break", "text", "break", "text"]);
});
