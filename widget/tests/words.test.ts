import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage, fill, isRightToLeft, wordsOf } from "../src/words.ts";

test("the first wish that we speak is chosen, else English", () => {
  assert.equal(chooseLanguage(["", "nl", "de-AT", "fr"]), "de");
  assert.equal(chooseLanguage([null, undefined, "constructor"]), "en");
  assert.equal(isRightToLeft(chooseLanguage(["ar-EG"])), true);
});

test("every language has the same places for numbers and reasons", () => {
  const placesOf = (text: string): string[] => text.match(/\{\w+\}/gu) ?? [];
  const english = Object.entries(wordsOf("en"));
  for (const language of ["de", "es", "fr", "ar"]) {
    const words = wordsOf(language) as Readonly<Record<string, string>>;
    assert.notEqual(words["send"], wordsOf("en").send);
    for (const [name, text] of english) {
      assert.ok(words[name], `${language} ${name}`);
      assert.deepEqual(placesOf(words[name] ?? ""), placesOf(text), `${language} ${name}`);
    }
  }
});

test("a reason is put in word for word", () => {
  assert.equal(fill("Not sent: {reason}", "costs $& or {n}"), "Not sent: costs $& or {n}");
});
