import assert from "node:assert/strict";
import { test } from "node:test";
import { Keep, subjectOf, type Shelf } from "../src/keep.ts";

class Drawer implements Shelf {
  readonly texts = new Map<string, string>();
  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }
  setItem(key: string, text: string): void {
    this.texts.set(key, text);
  }
  removeItem(key: string): void {
    this.texts.delete(key);
  }
}

function identity(claims: object): string {
  return `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
}

test("a token is kept for its address and channel only", () => {
  const shelf = new Drawer();
  new Keep(shelf, "https://a.example", "one", "").write("token", "t");
  assert.equal(new Keep(shelf, "https://a.example", "one", "").read("token"), "t");
  assert.equal(new Keep(shelf, "https://a.example", "two", "").read("token"), null);
  assert.equal(new Keep(shelf, "https://b.example", "one", "").read("token"), null);
});

test("the next person at the browser finds nothing of the last one", () => {
  const shelf = new Drawer();
  const open = (who: string): Keep => new Keep(shelf, "https://a.example", "one", who);
  open("ines").write("token", "t");
  assert.equal(open("ines").read("token"), "t");
  assert.equal(open("").read("token"), null);
  assert.equal(open("ines").read("token"), null);
});

test("a renewed identity is the same person, another subject is not", () => {
  const first = subjectOf(identity({ sub: "ines·ü", iat: 1 }));
  assert.equal(first, subjectOf(identity({ sub: "ines·ü", iat: 2 })));
  assert.notEqual(first, subjectOf(identity({ sub: "joao", iat: 1 })));
  assert.equal(subjectOf(null), "");
  assert.equal(subjectOf("no token"), "no token");
});
