/** Draws the open chat: who answers, what is wrong if anything is, what was said, where to write. */

import { html, nothing, type TemplateResult } from "lit";
import type { Composer } from "./composer.ts";
import type { Conversation } from "./conversation.ts";
import { icons } from "./icons.ts";
import { countNew } from "./launcher.ts";
import { drawMessages, drawOutgoing, drawWords, type OutgoingDeeds, type Voice } from "./log.ts";
import type { State } from "./messages.ts";
import type { Words } from "./words.ts";

export interface PanelLook {
  readonly voice: Voice;
  readonly heading: string | null;
  /** The page's own, in place of the channel's. */
  readonly greeting: string | null;
  /** Part of the page: always open. */
  readonly isInline: boolean;
  /** Covers the whole page, as on a phone. */
  readonly isModal: boolean;
  /** The newest message is in sight, and what arrives is scrolled to. */
  readonly followsEnd: boolean;
}

export interface PanelDeeds extends OutgoingDeeds {
  readonly close: () => void;
  readonly scrolled: () => void;
  readonly jump: () => void;
}

export function drawPanel(
  conversation: Conversation,
  composer: Composer,
  look: PanelLook,
  deeds: PanelDeeds,
): TemplateResult {
  const { words } = look.voice;
  const { state, isOnline, isAllowed, settings } = conversation;
  const placeholder = state === "resolved" ? words.writeAgain : words.write;
  return html`<section
    class="panel"
    role=${look.isInline ? "region" : "dialog"}
    aria-modal=${look.isModal ? "true" : nothing}
    aria-labelledby="heading"
  >
    <header>
      <span class="sign">${icons.chat}</span>
      <div>
        <h2 id="heading">${look.heading ?? words.title}</h2>
        ${state === "none" ? nothing : html`<p>${whoAnswers(state, words)}</p>`}
      </div>
      ${look.isInline
        ? nothing
        : html`<button class="bare" aria-label=${words.close} @click=${deeds.close}>
            ${icons.close}
          </button>`}
    </header>
    <div class="notice" role="status">${notice(conversation, words)}</div>
    ${drawLog(conversation, look, deeds)}
    <div class="foot">
      ${drawJump(conversation, look, deeds)}
      ${composer.draw({ words, placeholder, isOnline, isAllowed, limit: settings.characters })}
    </div>
  </section>`;
}

function whoAnswers(state: Exclude<State, "none">, words: Words): string {
  return {
    ai: words.byAi,
    waiting: words.forPerson,
    human: words.byPerson,
    resolved: words.closed,
  }[state];
}

function notice({ isAllowed, isOnline, isBroken }: Conversation, words: Words): unknown {
  if (!isAllowed) return words.notAllowed;
  if (!isOnline) return html`${icons.offline}${words.offline}`;
  return isBroken ? words.paused : nothing;
}

function drawLog(conversation: Conversation, look: PanelLook, deeds: PanelDeeds): TemplateResult {
  const { voice } = look;
  const { words } = voice;
  const { transcript, outgoing, isLoaded, isOnline, isSettled, settings, state } = conversation;
  const isFresh = isLoaded && transcript.newest === null && outgoing.length === 0;
  const greeting = look.greeting ?? (isSettled ? (settings.greeting ?? words.greeting) : null);
  const isTold = transcript.messages.at(-1)?.author === "system"; // the server's own line says it
  const line = (text: string): TemplateResult => html`<div class="line">${text}</div>`;
  return html`<div
    class="log ${isFresh ? "fresh" : ""}"
    role="log"
    aria-label=${words.messages}
    aria-busy=${isLoaded ? "false" : "true"}
    tabindex="0"
    @scroll=${deeds.scrolled}
  >
    ${isLoaded || !isOnline ? nothing : line(words.loading)}
    ${isFresh && greeting !== null
      ? html`<div class="bubble">${drawWords(greeting)}</div>`
      : nothing}
    ${drawMessages(transcript.messages, voice)}
    ${drawOutgoing(outgoing, conversation, deeds, voice)}
    ${state === "resolved" && !isTold && outgoing.length === 0 ? line(words.resolved) : nothing}
  </div>`;
}

function drawJump({ unread }: Conversation, look: PanelLook, deeds: PanelDeeds): unknown {
  if (unread === 0 || look.followsEnd) return nothing;
  const { words } = look.voice;
  return html`<button class="jump" @click=${deeds.jump}>
    ${icons.down}${countNew(unread, words)}
  </button>`;
}
