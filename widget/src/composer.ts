/** Where the customer writes. Keeps the draft; tells the chat only finished messages. */

import { html, nothing, type ReactiveController, type ReactiveControllerHost } from "lit";
import { icons } from "./icons.ts";
import { fill, type Words } from "./words.ts";

const NEAR_LIMIT_CHARACTERS = 500;

export interface ComposerLook {
  readonly words: Words;
  readonly placeholder: string;
  readonly isOnline: boolean;
  readonly isAllowed: boolean;
  /** The server's, counted as it counts: in code points, not in UTF-16 units. */
  readonly limit: number;
}

export class Composer implements ReactiveController {
  draft = "";

  constructor(
    private readonly host: ReactiveControllerHost & { renderRoot: ParentNode },
    private readonly write: (text: string) => void,
  ) {
    host.addController(this);
  }

  hostUpdated(): void {
    const field = this.field;
    if (field === null || CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  focus(): void {
    this.field?.focus();
  }

  /** A text that was taken back, to be changed; never in place of what is being written. */
  restore(text: string): void {
    this.draft = this.draft.trim() === "" ? text : `${text}\n${this.draft}`;
    this.host.requestUpdate();
    this.focus();
  }

  private get field(): HTMLTextAreaElement | null {
    return this.host.renderRoot.querySelector("textarea");
  }

  private left(limit: number): number {
    // Counting code points walks the whole text: only where the limit is near enough to matter.
    if (this.draft.length < limit - NEAR_LIMIT_CHARACTERS) return limit;
    return limit - [...this.draft].length;
  }

  private send(limit: number): void {
    const text = this.draft.trim();
    if (text === "" || this.left(limit) < 0) return;
    this.draft = "";
    this.write(text);
    this.host.requestUpdate();
    this.focus();
  }

  private typed(event: Event): void {
    this.draft = (event.target as HTMLTextAreaElement).value;
    this.host.requestUpdate();
  }

  private pressed(event: KeyboardEvent, limit: number): void {
    // Enter ends a word in an input method (Japanese, Chinese…); 229 is how Safari tells.
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    event.preventDefault();
    if ((event.currentTarget as HTMLTextAreaElement).form !== null) this.send(limit);
  }

  draw({ words, placeholder, isOnline, isAllowed, limit }: ComposerLook): unknown {
    const left = this.left(limit);
    const isNear = left <= Math.min(NEAR_LIMIT_CHARACTERS, limit / 2);
    const count = left < 0 ? fill(words.over, -left) : fill(words.left, left);
    const maySend = isAllowed && left >= 0 && this.draft.trim() !== "";
    return html`<div class="count ${left < 0 ? "bad" : ""}" id="count" role="status">${
        isNear ? count : nothing
      }</div>
      <form
        @submit=${(event: Event) => {
          event.preventDefault();
          this.send(limit);
        }}
      >
        <textarea
          rows="1"
          dir="auto"
          enterkeyhint="send"
          aria-label=${words.write}
          aria-describedby="count"
          aria-invalid=${left < 0 ? "true" : "false"}
          placeholder=${placeholder}
          ?disabled=${!isAllowed}
          .value=${this.draft}
          @input=${(event: Event) => this.typed(event)}
          @keydown=${(event: KeyboardEvent) => this.pressed(event, limit)}
        ></textarea>
        <button class="send" aria-label=${isOnline ? words.send : words.sendLater} ?disabled=${!maySend}>
          ${icons.send}
        </button>
      </form>`;
  }
}
