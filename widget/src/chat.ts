/** The element <caseway-chat>: one button, one panel, and what the customer can do with them. */

import { html, LitElement, nothing, type PropertyValues } from "lit";
import { Composer } from "./composer.ts";
import { Conversation } from "./conversation.ts";
import { Door } from "./door.ts";
import { Keep, openShelf, subjectOf } from "./keep.ts";
import { drawLauncher } from "./launcher.ts";
import type { Voice } from "./log.ts";
import { drawPanel } from "./panel.ts";
import { devices } from "./styles/devices.ts";
import { frame } from "./styles/frame.ts";
import { launcher } from "./styles/launcher.ts";
import { log } from "./styles/log.ts";
import { panel } from "./styles/panel.ts";
import { makeUuid } from "./uuid.ts";
import { chooseLanguage, fill, isRightToLeft, wordsOf, type Words } from "./words.ts";

const PHONE = "(max-width: 480px)";
/** A reader this close to the end follows what arrives; further up, the page holds still. */
const AT_END_PX = 48;

export class CasewayChat extends LitElement {
  static override styles = [frame, panel, log, launcher, devices];
  static override properties = {
    channel: {},
    base: {},
    identity: {},
    lang: {},
    theme: {},
    position: {},
    heading: {},
    greeting: {},
    inline: { type: Boolean, reflect: true },
    open: { type: Boolean, reflect: true },
  };

  declare channel: string | null;
  declare base: string | null;
  declare identity: string | null;
  declare theme: string | null;
  declare position: string | null;
  declare heading: string | null;
  declare greeting: string | null;
  declare inline: boolean;
  declare open: boolean;

  private conversation: Conversation | null = null;
  private readonly shelf = openShelf();
  private readonly composer = new Composer(this, (text) => this.write(text));
  private leaving = new AbortController();
  private followsEnd = true;
  private focusNext: "composer" | "button" | null = null;

  constructor() {
    super();
    this.inline = false;
    this.open = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    const redraw = (): void => this.requestUpdate();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, { signal });
    matchMedia(PHONE).addEventListener("change", redraw, { signal });
    document.addEventListener("visibilitychange", redraw, { signal });
    // The keyboard of a phone shrinks what is seen, not the page.
    visualViewport?.addEventListener("resize", () => this.fitPhone(), { signal });
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leaving.abort();
    this.conversation?.stop();
    this.conversation = null;
  }

  protected override willUpdate(changed: PropertyValues): void {
    const isOther = ["channel", "base", "identity"].some((name) => changed.has(name));
    if (isOther || this.conversation === null) this.converse();
    if (this.isOpen) this.conversation?.opened();
  }

  private converse(): void {
    this.conversation?.stop();
    this.conversation = null;
    const { channel } = this;
    if (!channel || !this.isConnected) return;
    const identity = this.identity || null;
    const address = new URL(this.base ?? "", `${location.origin}/`).href.replace(/\/+$/u, "");
    this.conversation = new Conversation(
      new Door(address, channel),
      new Keep(this.shelf, address, channel, subjectOf(identity)),
      identity,
      () => {
        const { unreachable, refused, notAllowed } = this.words;
        return { unreachable, refused: (status) => fill(refused, status), notAllowed };
      },
      () => this.requestUpdate(),
    );
    this.conversation.start();
  }

  private get isOpen(): boolean {
    return this.open || this.inline;
  }

  private get language(): string {
    return chooseLanguage([this.lang, document.documentElement.lang, ...navigator.languages]);
  }

  private get words(): Words {
    return wordsOf(this.language);
  }

  private get direction(): "ltr" | "rtl" {
    if (isRightToLeft(this.language)) return "rtl";
    // A page in a language that we do not speak is answered in English, on its own sides.
    if (this.lang) return "ltr";
    return getComputedStyle(document.documentElement).direction === "rtl" ? "rtl" : "ltr";
  }

  private get isDark(): boolean {
    if (this.theme === "dark" || this.theme === "light") return this.theme === "dark";
    return matchMedia("(prefers-color-scheme: dark)").matches;
  }

  private show(): void {
    this.open = true;
    this.followsEnd = true;
    this.focusNext = "composer";
  }

  private hide(): void {
    this.open = false;
    this.focusNext = "button";
  }

  private write(text: string): void {
    this.followsEnd = true;
    this.conversation?.write(makeUuid(), text, new Date().toISOString());
  }

  private takeBack(clientId: string): void {
    const text = this.conversation?.takeBack(clientId);
    if (text) this.composer.restore(text);
  }

  private get log(): HTMLElement | null {
    return this.renderRoot.querySelector(".log");
  }

  private scrolled(): void {
    const { log } = this;
    if (log === null) return;
    const wasFollowing = this.followsEnd;
    this.followsEnd = log.scrollHeight - log.scrollTop - log.clientHeight < AT_END_PX;
    if (this.followsEnd !== wasFollowing) this.requestUpdate();
  }

  private pressed(event: KeyboardEvent): void {
    // Seen from the page, the keys come from an unknown element: its shortcuts would fire.
    event.stopPropagation();
    if (this.inline || event.isComposing) return;
    if (event.key === "Escape" && this.open) {
      this.hide();
    } else if (event.key === "Tab" && matchMedia(PHONE).matches) {
      this.keepFocusInside(event);
    }
  }

  /** On a phone the panel covers the page: what lies below must not take the focus. */
  private keepFocusInside(event: KeyboardEvent): void {
    const stops = this.renderRoot.querySelectorAll<HTMLElement>(
      ".panel :is(button, textarea):not([disabled]), .panel :is(a[href], [tabindex])",
    );
    const [first, last] = [stops[0], stops[stops.length - 1]];
    const focused = (this.renderRoot as ShadowRoot).activeElement;
    if (focused !== (event.shiftKey ? first : last)) return;
    event.preventDefault();
    (event.shiftKey ? last : first)?.focus();
  }

  private fitPhone(): void {
    const frame = this.renderRoot.querySelector<HTMLElement>(".frame");
    if (visualViewport) frame?.style.setProperty("--seen-height", `${visualViewport.height}px`);
  }

  protected override updated(): void {
    if (this.focusNext === "composer") this.composer.focus();
    if (this.focusNext === "button") {
      this.renderRoot.querySelector<HTMLElement>(".launch")?.focus();
    }
    this.focusNext = null;
    const { log, conversation } = this;
    if (log === null || conversation === null) return;
    if (this.followsEnd) log.scrollTop = log.scrollHeight;
    if (this.followsEnd && document.visibilityState === "visible") conversation.shown();
  }

  protected override render(): unknown {
    const { conversation } = this;
    if (conversation === null) return nothing;
    const place = this.inline ? "inline" : `floating ${this.sideClass}`;
    const look = `${this.isDark ? "dark" : ""} ${this.isOpen ? "open" : ""}`;
    return html`<div
      class="frame ${place} ${look}"
      dir=${this.direction}
      lang=${this.language}
      @keydown=${(event: KeyboardEvent) => this.pressed(event)}
    >
      ${this.isOpen ? this.drawPanel(conversation) : this.drawLauncher(conversation)}
    </div>`;
  }

  /** "left" and "right" are sides of the screen, "start" and "end" turn with the language. */
  private get sideClass(): string {
    const isRtl = this.direction === "rtl";
    const { position } = this;
    const isAtStart = position === "start" || position === (isRtl ? "right" : "left");
    return isAtStart ? "at-start" : "";
  }

  private drawLauncher(conversation: Conversation): unknown {
    return drawLauncher(conversation, this.voice, {
      open: () => this.show(),
      putAway: (reply) => {
        conversation.putAway(reply);
        this.focusNext = "button";
      },
    });
  }

  private drawPanel(conversation: Conversation): unknown {
    const { voice, heading, greeting, inline, followsEnd } = this;
    const isModal = !inline && matchMedia(PHONE).matches;
    return drawPanel(
      conversation,
      this.composer,
      { voice, heading, greeting, isInline: inline, isModal, followsEnd },
      {
        close: () => this.hide(),
        scrolled: () => this.scrolled(),
        jump: () => {
          this.followsEnd = true;
          this.requestUpdate();
        },
        tryAgain: (clientId) => conversation.tryAgain(clientId),
        takeBack: (clientId) => this.takeBack(clientId),
      },
    );
  }

  private get voice(): Voice {
    return { words: this.words, language: this.language };
  }
}
