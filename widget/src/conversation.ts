/** One customer's conversation on one channel: what was said, what is owed, and who hears of it. */

import { Circumstances } from "./circumstances.ts";
import type { Door } from "./door.ts";
import type { Keep } from "./keep.ts";
import { Listener } from "./listener.ts";
import { parseMessage, Transcript, wireOf, type Message, type State } from "./messages.ts";
import { Outbox, type Outgoing } from "./outbox.ts";
import { Sender, type Reasons } from "./sender.ts";
import { Session } from "./session.ts";
import { USUAL, type Settings } from "./settings.ts";

const ACKNOWLEDGE_AFTER_MS = 400;

export class Conversation {
  transcript = Transcript.empty;
  state: State = "none";
  /** The history is here, or there is none to wait for. */
  isLoaded: boolean;
  settings: Settings = USUAL;
  /** The settings are the server's, or it was asked in vain. */
  isSettled = false;

  private readonly circumstances: Circumstances;
  private readonly session: Session;
  private readonly outbox: Outbox;
  private readonly sender: Sender;
  private readonly listener: Listener;
  private readonly leaving = new AbortController();
  private acknowledged: string | null = null;
  private acknowledging: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly door: Door,
    private readonly keep: Keep,
    identity: string | null,
    reasons: () => Reasons,
    private readonly changed: () => void,
  ) {
    this.circumstances = new Circumstances(changed);
    this.session = new Session(door, keep, identity, () => this.sessionChanged());
    this.outbox = new Outbox(keep.outbox);
    this.sender = new Sender(
      this.circumstances,
      this.session,
      door,
      this.outbox,
      keep.key("outbox "),
      reasons,
      (message) => {
        this.transcript = this.transcript.post(message);
        this.tellOtherTabs(message);
        this.listener.wake(); // the first word made the session that it waits for
      },
      () => this.setOnline(true),
    );
    this.listener = new Listener(this.circumstances, this.session, door, {
      history: (history) => {
        this.transcript = this.transcript.reread(history.messages);
        this.state = history.state;
        this.isLoaded = true;
        this.dropArrived();
      },
      message: (message) => {
        this.transcript = this.transcript.place(message);
        this.dropArrived();
      },
      state: (state) => {
        this.state = state;
        changed();
      },
      reached: () => this.setOnline(true),
    });
    this.isLoaded = !this.session.exists;
  }

  start(): void {
    const { signal } = this.leaving;
    addEventListener("online", () => this.setOnline(true), { signal });
    addEventListener("offline", () => this.setOnline(false), { signal });
    addEventListener("storage", (event) => this.otherTabWrote(event), { signal });
    document.addEventListener("visibilitychange", () => this.visibilityChanged(), { signal });
    // Opened in the background, one of many perhaps: most are never looked at.
    if (document.visibilityState === "hidden") this.listener.leave();
    this.outbox.resume(); // a new page is a new attempt
    void this.sender.run();
    void this.listener.run();
  }

  stop(): void {
    this.leaving.abort();
    clearTimeout(this.acknowledging);
    this.sender.stop();
    this.listener.stop();
  }

  get outgoing(): readonly Outgoing[] {
    // Another tab's removal is seen late, what the server has is known here.
    return this.outbox.queue.filter(({ clientId }) => this.transcript.own(clientId) === null);
  }

  get sending(): string | null {
    return this.sender.sending;
  }

  get isOnline(): boolean {
    return this.circumstances.isOnline;
  }

  get isAllowed(): boolean {
    return this.circumstances.isAllowed;
  }

  get isBroken(): boolean {
    return this.listener.isBroken;
  }

  get unread(): number {
    return this.transcript.unreadAfter(this.keep.read("seen"));
  }

  /** The newest reply, while it is unread and was not put away. */
  get peek(): Message | null {
    const reply = this.transcript.newestReply;
    return this.unread === 0 || reply?.id === this.keep.read("peeked") ? null : reply;
  }

  putAway(reply: string): void {
    this.keep.write("peeked", reply);
    this.changed();
  }

  opened(): void {
    if (this.listener.isWanted) return;
    this.listener.isWanted = true;
    this.listener.wake();
    void this.learn();
  }

  /** The usual settings will do: whether there is a chat at all shows when something is sent. */
  private async learn(): Promise<void> {
    this.settings = await this.door.settings().catch(() => USUAL);
    this.isSettled = true;
    this.changed();
  }

  write(clientId: string, text: string, writtenAt: string): void {
    this.outbox.add(clientId, text, writtenAt);
    this.changed();
    this.sender.wake();
  }

  tryAgain(clientId: string): void {
    this.outbox.retry(clientId);
    this.changed();
    this.sender.wake();
    this.listener.wake();
  }

  /** Possible only while no attempt can have arrived. Gives the text back. */
  takeBack(clientId: string): string | null {
    const taken = this.outbox.queue.find((outgoing) => outgoing.clientId === clientId);
    if (taken === undefined || taken.inDoubt) return null;
    this.outbox.drop(clientId);
    this.changed();
    return taken.text;
  }

  /** What is in the transcript now stands before the customer's eyes. */
  shown(): void {
    const { newest, newestReply } = this.transcript;
    if (newest !== null && newest.id !== this.keep.read("seen")) {
      this.keep.write("seen", newest.id);
      this.changed();
    }
    if (newestReply === null || newestReply.id === this.acknowledged) return;
    clearTimeout(this.acknowledging);
    this.acknowledging = setTimeout(() => void this.acknowledge(), ACKNOWLEDGE_AFTER_MS);
  }

  private async acknowledge(): Promise<void> {
    const { cursor } = this.listener;
    const reply = this.transcript.newestReply?.id ?? null;
    if (cursor === null || !this.session.exists) return;
    try {
      await this.session.ask((token) => this.door.acknowledge(token, cursor));
      this.acknowledged = reply;
    } catch (failure) {
      // What is shown next, or the next connection, acknowledges this as well.
      this.circumstances.weigh(failure);
    }
  }

  private dropArrived(): void {
    for (const { clientId } of this.outbox.queue) {
      const message = this.transcript.own(clientId);
      if (message === null) continue;
      this.tellOtherTabs(message);
      this.outbox.drop(clientId);
    }
    this.changed();
  }

  /**
   * Before the message leaves the queue, which all tabs show: theirs would see it vanish until
   * their own stream brings it.
   */
  private tellOtherTabs(message: Message): void {
    this.keep.announce(JSON.stringify(wireOf(message)));
  }

  private arrivedElsewhere(told: string): void {
    try {
      this.transcript = this.transcript.post(parseMessage(JSON.parse(told)));
    } catch {
      // Written by somebody else on this origin, or by a widget of another version: the stream
      // brings the message.
    }
  }

  private sessionChanged(): void {
    this.acknowledged = null;
    this.transcript = this.transcript.withoutPosted();
    this.listener.forgetPosition();
    this.listener.wake();
    this.changed();
  }

  private setOnline(isOnline: boolean): void {
    this.circumstances.isOnline = isOnline;
    if (isOnline) {
      this.outbox.resume();
      this.sender.wake();
      this.listener.wake();
    } else {
      this.listener.cut();
    }
    this.changed();
  }

  private otherTabWrote(event: StorageEvent): void {
    if (event.key === this.keep.key("token")) this.sessionChanged();
    else if (event.key === this.keep.key("arrived")) {
      if (event.newValue !== null) this.arrivedElsewhere(event.newValue);
    } else if (this.keep.isOfOutbox(event.key)) this.sender.wake();
    else if (event.key !== this.keep.key("seen")) return;
    this.changed();
  }

  private visibilityChanged(): void {
    if (document.visibilityState === "hidden") {
      this.listener.pageHidden();
      return;
    }
    this.outbox.resume();
    this.listener.pageShown();
    this.sender.wake();
  }
}
