import assert from "node:assert/strict";
import { test } from "node:test";
import { Keep, StorageShelf, subjectOf, type Shelf } from "../src/keep.ts";

class Drawer implements Shelf {
  readonly texts = new Map<string, string>();
  keys(): readonly string[] {
    return [...this.texts.keys()];
  }
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
  open("ines").outbox.write("a", "words");
  assert.equal(open("ines").read("token"), "t");
  assert.deepEqual(open("ines").outbox.texts(), ["words"]);
  const neighbour = new Keep(shelf, "https://a.example", "two", "ines");
  neighbour.write("token", "other");
  assert.equal(open("").read("token"), null);
  assert.deepEqual(open("").outbox.texts(), []);
  assert.equal(open("ines").read("token"), null);
  assert.equal(neighbour.read("token"), "other");
});

test("a page of the last person that is still open goes on apart from the next one", () => {
  const shelf = new Drawer();
  const open = (who: string): Keep => new Keep(shelf, "https://a.example", "one", who);
  for (const [first, second] of [
    ["", "ines"],
    ["ines", ""],
    ["ines", 'ines" token'],
  ] as const) {
    const [left, came] = [open(first), open(second)];
    left.write("token", "t");
    left.outbox.write("a", "words");
    assert.equal(came.read("token"), null);
    assert.deepEqual(came.outbox.texts(), []);
    assert.notEqual(came.key("arrived"), left.key("arrived"));
    assert.equal(left.read("token"), "t");
  }
});

test("what the browser has no room for is kept until the page goes", () => {
  const full: Record<string, unknown> = { old: "1" };
  const storage = Object.create({
    getItem: (key: string) => (full[key] as string | undefined) ?? null,
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
    removeItem: (key: string) => delete full[key],
  }) as Storage;
  const shelf = new StorageShelf(storage);
  const { outbox } = new Keep(shelf, "https://a.example", "one", "");
  outbox.write("a", "words");
  assert.deepEqual(outbox.texts(), ["words"]);
  outbox.remove("a");
  assert.deepEqual(outbox.texts(), []);
  assert.equal(shelf.getItem("old"), "1");
});

test("a renewed identity is the same person, another subject is not", () => {
  const first = subjectOf(identity({ sub: "ines·ü", iat: 1 }));
  assert.equal(first, subjectOf(identity({ sub: "ines·ü", iat: 2 })));
  assert.notEqual(first, subjectOf(identity({ sub: "joao", iat: 1 })));
  assert.equal(subjectOf(null), "");
  assert.equal(subjectOf("no token"), "no token");
});
