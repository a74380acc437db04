/** Draws the closed chat: one round button, the number of unread replies, the newest of them. */

import { html, nothing, type TemplateResult } from "lit";
import type { Conversation } from "./conversation.ts";
import { icons } from "./icons.ts";
import { drawWords, speakerOf, type Voice } from "./log.ts";
import { fill, type Words } from "./words.ts";

const PEEK_CHARACTERS = 280;

export interface LauncherDeeds {
  readonly open: () => void;
  readonly putAway: (reply: string) => void;
}

export function countNew(unread: number, words: Words): string {
  return unread === 1 ? words.newOne : fill(words.newMany, unread);
}

export function drawLauncher(
  conversation: Conversation,
  voice: Voice,
  deeds: LauncherDeeds,
): TemplateResult {
  const { words } = voice;
  const { unread } = conversation;
  const many = unread === 1 ? words.openUnreadOne : fill(words.openUnread, unread);
  return html`${drawPeek(conversation, voice, deeds)}
    <button
      class="launch"
      aria-label=${unread === 0 ? words.open : many}
      aria-expanded="false"
      @click=${deeds.open}
    >
      ${icons.chat}
      ${unread === 0
        ? nothing
        : html`<span class="badge" aria-hidden="true">${unread > 99 ? "99+" : unread}</span>`}
    </button>
    <div class="hidden" role="status">${unread === 0 ? nothing : countNew(unread, words)}</div>`;
}

/** The newest reply shows itself and can be put away, then for good. */
function drawPeek(
  { peek }: Conversation,
  voice: Voice,
  deeds: LauncherDeeds,
): TemplateResult | typeof nothing {
  if (peek === null) return nothing;
  return html`<div class="peek">
    <button class="said" @click=${deeds.open}>
      <b>${speakerOf(peek, voice)}</b>${drawWords(peek.text.slice(0, PEEK_CHARACTERS))}
    </button>
    <button class="bare" aria-label=${voice.words.putAway} @click=${() => deeds.putAway(peek.id)}>
      ${icons.close}
    </button>
  </div>`;
}
