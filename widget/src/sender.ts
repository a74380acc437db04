/** Brings the outbox to the server: one message after the other, in the order written, once each. */

import { backoffMs } from "./backoff.ts";
import type { Circumstances } from "./circumstances.ts";
import { Refused, type Door } from "./door.ts";
import type { Message } from "./messages.ts";
import type { Outbox, Outgoing } from "./outbox.ts";
import { Pause } from "./pause.ts";
import type { Session } from "./session.ts";

/** So many failures, some fifteen seconds, and the customer is told. */
const ATTEMPTS_BEFORE_TELLING = 5;
/** The browser's "offline" is sometimes wrong, so a session is tried now and then. */
const DOUBT_OFFLINE_MS = 30_000;

export interface Reasons {
  readonly unreachable: string;
  readonly refused: (status: number) => string;
  readonly notAllowed: string;
}

export class Sender {
  /** The client id of the message on its way. */
  sending: string | null = null;
  private readonly pause = new Pause();
  private isStopped = false;

  constructor(
    private readonly circumstances: Circumstances,
    private readonly session: Session,
    private readonly door: Door,
    private readonly outbox: Outbox,
    /** Held while sending: two tabs must not overtake each other. */
    private readonly lock: string,
    private readonly reasons: () => Reasons,
    private readonly posted: (message: Message) => void,
    private readonly reached: () => void,
  ) {}

  wake(): void {
    this.pause.wake();
  }

  stop(): void {
    this.isStopped = true;
    this.wake();
  }

  async run(): Promise<void> {
    let attempts = 0;
    while (!this.isStopped) {
      if (this.outbox.next === null || !this.circumstances.isAllowed) {
        attempts = 0;
        await this.pause.wait(Infinity);
      } else if (!this.circumstances.isOnline) {
        attempts = 0;
        await this.pause.wait(DOUBT_OFFLINE_MS);
        await this.lookWhetherOnline();
      } else {
        const waitMs = await this.oneTabAtATime(() => this.sendNext());
        attempts = waitMs === null ? 0 : attempts + 1;
        if (waitMs !== null) await this.afterFailure(attempts, waitMs);
      }
    }
  }

  private async afterFailure(attempts: number, waitMs: number): Promise<void> {
    if (attempts >= ATTEMPTS_BEFORE_TELLING && this.circumstances.isOnline) {
      this.outbox.giveUpForNow(this.reasons().unreachable);
      this.circumstances.changed();
      return;
    }
    await this.pause.wait(backoffMs(attempts - 1, Math.random, waitMs));
  }

  /** Null: that is settled. Otherwise it is still owed, after so many milliseconds at least. */
  private async sendNext(): Promise<number | null> {
    const outgoing = this.outbox.next;
    if (outgoing === null) return null; // another tab has sent it meanwhile
    this.sending = outgoing.clientId;
    this.circumstances.changed();
    try {
      await this.post(outgoing);
      return null;
    } catch (failure) {
      return this.weigh(failure, outgoing);
    } finally {
      this.sending = null;
      this.circumstances.changed();
    }
  }

  private async post({ clientId, text }: Outgoing): Promise<void> {
    const message = await this.session.insist((token) => {
      this.outbox.markAttempt(clientId);
      // CRASH HERE: the server may have it, and the queue still holds it. The next page sends it
      // again under the same client id, or finds it in the history and drops it.
      return this.door.post(token, clientId, text);
    });
    this.posted(message);
    this.outbox.drop(clientId);
  }

  private weigh(failure: unknown, outgoing: Outgoing): number | null {
    if (failure instanceof Refused) {
      const reason = failure.detail ?? this.reasons().refused(failure.status);
      this.outbox.refuse(outgoing, reason);
      return null;
    }
    const waitMs = this.circumstances.weigh(failure);
    if (this.circumstances.isAllowed) return waitMs;
    this.outbox.refuse(outgoing, this.reasons().notAllowed);
    return null;
  }

  /** Where a token exists, the listener looks. */
  private async lookWhetherOnline(): Promise<void> {
    if (this.isStopped || this.circumstances.isOnline || this.session.exists) return;
    try {
      await this.session.open();
      this.reached();
    } catch (failure) {
      this.circumstances.weigh(failure);
    }
  }

  private async oneTabAtATime<Result>(deed: () => Promise<Result>): Promise<Result> {
    // Without https or in a sandboxed frame there are no locks: two tabs may both send, and the
    // server keeps one.
    if (!("locks" in navigator)) return deed();
    let isGranted = false;
    try {
      return await navigator.locks.request(this.lock, () => {
        isGranted = true;
        return deed();
      });
    } catch (failure) {
      if (isGranted) throw failure;
      return deed();
    }
  }
}
