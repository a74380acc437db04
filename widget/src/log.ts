/** Draws what was said. Texts become text nodes, links and line breaks: never markup. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { icons } from "./icons.ts";
import { splitText } from "./links.ts";
import type { Message } from "./messages.ts";
import type { Outgoing } from "./outbox.ts";
import { fill, type Words } from "./words.ts";

/** Messages of one voice closer together than this share one line below the last. */
const TOGETHER_MS = 5 * 60_000;

export interface Voice {
  readonly words: Words;
  readonly language: string;
}

/** The message on its way, and whether the way is open. */
export interface Passage {
  readonly sending: string | null;
  readonly isOnline: boolean;
  readonly isAllowed: boolean;
}

export interface OutgoingDeeds {
  readonly tryAgain: (clientId: string) => void;
  readonly takeBack: (clientId: string) => void;
}

export function drawWords(text: string): TemplateResult {
  const pieces = splitText(text).map((piece) => {
    if (piece.kind === "break") return html`<br />`;
    if (piece.kind === "text") return piece.text;
    return html`<a href=${piece.href} target="_blank" rel="noopener noreferrer nofollow"
      >${piece.text}</a
    >`;
  });
  return html`<span class="words" dir="auto">${pieces}</span>`;
}

/** Latin digits in every language, as in order numbers and links beside them. */
function format(date: Date, voice: Voice, options: Intl.DateTimeFormatOptions): string {
  const locale = voice.language === "en" ? "en-GB" : voice.language;
  return new Intl.DateTimeFormat(`${locale}-u-nu-latn`, options).format(date);
}

function drawTime(createdAt: string, voice: Voice): TemplateResult | typeof nothing {
  const at = new Date(createdAt);
  if (Number.isNaN(at.getTime())) return nothing;
  const time = format(at, voice, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const whole = format(at, voice, { dateStyle: "long", timeStyle: "long" });
  return html`<time datetime=${at.toISOString()} title=${whole}>${time}</time>`;
}

function dayOf(createdAt: string, voice: Voice): string {
  const at = new Date(createdAt);
  if (Number.isNaN(at.getTime())) return "";
  const isThisYear = at.getFullYear() === new Date().getFullYear();
  const year = isThisYear ? {} : ({ year: "numeric" } as const);
  return format(at, voice, { day: "numeric", month: "long", ...year });
}

export function speakerOf(message: Message, { words }: Voice): string {
  if (message.author === "ai") return "AI";
  if (message.author === "contact") return words.you;
  return message.authorName ?? words.person;
}

function isTogether(message: Message, next: Message | undefined): boolean {
  return (
    next?.author === message.author &&
    next.authorName === message.authorName &&
    next.status === message.status &&
    Date.parse(next.createdAt) - Date.parse(message.createdAt) < TOGETHER_MS
  );
}

function drawUnder(message: Message, voice: Voice): TemplateResult {
  const time = drawTime(message.createdAt, voice);
  if (message.author === "contact") {
    const isRead = message.status === "read";
    return html`<div class="under mine">
      <span class="fate">
        ${isRead ? icons.read : icons.sent}
        <span>${isRead ? voice.words.read : voice.words.sent} ${time}</span>
      </span>
    </div>`;
  }
  const name = speakerOf(message, voice);
  return html`<div class="under">
    ${message.author === "ai"
      ? html`<span class="tag">${name}</span>`
      : html`<bdi>${name}</bdi>`}${time}
  </div>`;
}

function drawMessage(message: Message, next: Message | undefined, voice: Voice): TemplateResult {
  if (message.author === "system") {
    return html`<div class="line">${drawWords(message.text)}</div>`;
  }
  const mine = message.author === "contact" ? "mine" : "";
  return html`<div class="bubble ${mine}" data-id=${message.id}>
      <span class="hidden">${speakerOf(message, voice)}: </span>${drawWords(message.text)}
    </div>
    ${isTogether(message, next) ? nothing : drawUnder(message, voice)}`;
}

export function drawMessages(messages: readonly Message[], voice: Voice): TemplateResult {
  const drawn = messages.map((message, index) => {
    const day = dayOf(message.createdAt, voice);
    const before = messages[index - 1];
    const isNewDay = day !== "" && (before === undefined || dayOf(before.createdAt, voice) !== day);
    return { message, next: messages[index + 1], day: isNewDay ? day : null };
  });
  return html`${repeat(
    drawn,
    ({ message }) => message.id,
    ({ message, next, day }) =>
      html`${day === null ? nothing : html`<div class="line">${day}</div>`}
      ${drawMessage(message, next, voice)}`,
  )}`;
}

function drawFate(
  outgoing: Outgoing,
  { isSending, isOnline }: { isSending: boolean; isOnline: boolean },
  { words }: Voice,
): TemplateResult {
  if (outgoing.refusal !== null) {
    const reason = fill(words.notSent, outgoing.refusal.reason);
    return html`<span class="fate">${icons.failed}<span dir="auto">${reason}</span></span>`;
  }
  if (isSending) return html`<span class="fate">${icons.sending}${words.sending}</span>`;
  const waits = isOnline ? words.waitingTurn : words.waiting;
  return html`<span class="fate">${icons.waiting}${waits}</span>`;
}

export function drawOutgoing(
  queue: readonly Outgoing[],
  { sending, isOnline, isAllowed }: Passage,
  deeds: OutgoingDeeds,
  voice: Voice,
): TemplateResult {
  const { words } = voice;
  return html`${repeat(
    queue,
    ({ clientId }) => clientId,
    (outgoing) => {
      const { clientId, refusal } = outgoing;
      const isSending = clientId === sending;
      const mood = refusal !== null ? "bad" : isSending ? "" : "waits";
      const mayTakeBack = !isSending && !outgoing.inDoubt;
      return html`<div class="bubble mine ${isSending ? "" : "unsent"}" data-id=${clientId}>
          <span class="hidden">${words.you}: </span>${drawWords(outgoing.text)}
        </div>
        <div class="under mine ${mood}">
          ${drawFate(outgoing, { isSending, isOnline }, voice)}
          ${refusal === null || !isAllowed
            ? nothing
            : html`<button @click=${() => deeds.tryAgain(clientId)}>${words.tryAgain}</button>`}
          ${mayTakeBack
            ? html`<button @click=${() => deeds.takeBack(clientId)}>${words.takeBack}</button>`
            : nothing}
        </div>`;
    },
  )}`;
}
