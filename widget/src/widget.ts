/** The script of the one tag: names the element, and puts one on the page if the tag asks for it. */

import { CasewayChat } from "./chat.ts";

const ELEMENT = "caseway-chat";

/** Attributes of the tag and those of the element. */
const PASSED_ON: Readonly<Record<string, string>> = {
  "data-channel": "channel",
  "data-identity": "identity",
  "data-lang": "lang",
  "data-theme": "theme",
  "data-position": "position",
  "data-heading": "heading",
  "data-greeting": "greeting",
};

function isAsked(script: HTMLScriptElement, attribute: string): boolean {
  const wish = script.getAttribute(attribute);
  return wish !== null && wish !== "false";
}

function elementFor(script: HTMLScriptElement): HTMLElement {
  const chat = document.createElement(ELEMENT);
  for (const [from, to] of Object.entries(PASSED_ON)) {
    const wish = script.getAttribute(from);
    if (wish !== null) chat.setAttribute(to, wish);
  }
  chat.setAttribute("base", new URL(".", script.src).href.replace(/\/$/u, ""));
  chat.toggleAttribute("open", isAsked(script, "data-open"));
  chat.toggleAttribute("inline", isAsked(script, "data-inline"));
  return chat;
}

function embed(script: HTMLScriptElement): void {
  const chat = elementFor(script);
  const { parentElement } = script;
  const isInBody = parentElement !== null && document.body.contains(parentElement);
  if (chat.hasAttribute("inline") && isInBody) script.after(chat);
  else document.body.append(chat);
}

// A page that carries the tag twice gets one chat per channel, from the first script to run.
if (customElements.get(ELEMENT) === undefined) customElements.define(ELEMENT, CasewayChat);

const { currentScript } = document;
if (currentScript instanceof HTMLScriptElement && currentScript.dataset["channel"]) {
  const { channel } = currentScript.dataset;
  const isThere = document.querySelector(`${ELEMENT}[channel="${CSS.escape(channel)}"]`) !== null;
  if (isThere) console.warn(`Caseway chat: channel "${channel}" is on this page already.`);
  // In <head> the body is not there yet.
  else if (document.body === null) {
    addEventListener("DOMContentLoaded", () => embed(currentScript), { once: true });
  } else embed(currentScript);
}
