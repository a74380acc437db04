/** The customer's own words that the server does not have yet, oldest first. */

export interface Refusal {
  /** For the customer to read. */
  readonly reason: string;
  /** Ends by itself when the service is reached again; the other kind needs the customer. */
  readonly passing: boolean;
}

export interface Outgoing {
  readonly clientId: string;
  readonly text: string;
  readonly writtenAt: string;
  /** The lowest is sent first. */
  readonly turn: number;
  /** An attempt left this device and may have arrived: it can no longer be taken back. */
  readonly inDoubt: boolean;
  readonly refusal: Refusal | null;
}

/** Texts by the client id of their message. */
export interface OutboxPlace {
  texts(): readonly string[];
  write(clientId: string, text: string): void;
  remove(clientId: string): void;
}

/**
 * Each message has a place of its own. Tabs see each other's writes late: a queue written as a
 * whole would drop what another tab had just added. What comes back to life because two tabs wrote
 * about the same message is sent again, and the server knows it by its client id.
 */
export class Outbox {
  constructor(private readonly place: OutboxPlace) {}

  get queue(): readonly Outgoing[] {
    return this.place
      .texts()
      .map(parseOutgoing)
      .filter((outgoing) => outgoing !== null)
      .toSorted((one, other) => one.turn - other.turn);
  }

  /** The next one to send: what was refused waits for the customer and holds up nobody. */
  get next(): Outgoing | null {
    return this.queue.find((outgoing) => outgoing.refusal === null) ?? null;
  }

  add(clientId: string, text: string, writtenAt: string): void {
    const turn = this.lastTurn();
    this.keep({ clientId, text, writtenAt, turn, inDoubt: false, refusal: null });
  }

  /** It arrived, or was taken back. */
  drop(clientId: string): void {
    this.place.remove(clientId);
  }

  /** Written down before the attempt: if the page dies in it, the doubt is known. */
  markAttempt(clientId: string): void {
    this.change(clientId, { inDoubt: true });
  }

  /** The server did not take it this time. `before` is it before the attempt: old doubt stays. */
  refuse(before: Outgoing, reason: string): void {
    const refusal = { reason, passing: false };
    this.change(before.clientId, { inDoubt: before.inDoubt, refusal });
  }

  /** No answer, several times over. */
  giveUpForNow(reason: string): void {
    for (const outgoing of this.queue) {
      if (outgoing.refusal === null) this.keep({ ...outgoing, refusal: { reason, passing: true } });
    }
  }

  /** The customer asks: once more, behind what already waits. */
  retry(clientId: string): void {
    const again = this.queue.find((outgoing) => outgoing.clientId === clientId);
    if (again?.refusal?.passing) this.resume();
    else if (again) this.keep({ ...again, turn: this.lastTurn(), refusal: null });
  }

  /** The service is back: all that it merely did not hear is due again, in the order written. */
  resume(): void {
    for (const outgoing of this.queue) {
      if (outgoing.refusal?.passing) this.keep({ ...outgoing, refusal: null });
    }
  }

  /** By the clock, so that tabs agree; never before what this one knows to wait, if it is set back. */
  private lastTurn(): number {
    return Math.max(Date.now(), (this.queue.at(-1)?.turn ?? 0) + 1);
  }

  private change(clientId: string, what: Partial<Outgoing>): void {
    const outgoing = this.queue.find((other) => other.clientId === clientId);
    if (outgoing) this.keep({ ...outgoing, ...what });
  }

  private keep(outgoing: Outgoing): void {
    this.place.write(outgoing.clientId, JSON.stringify(outgoing));
  }
}

/** Null: written by somebody else on this origin, nothing of ours to send. */
function parseOutgoing(kept: string): Outgoing | null {
  try {
    const parsed = JSON.parse(kept) as Partial<Record<keyof Outgoing, unknown>> | null;
    const { clientId, text, writtenAt, turn } = parsed ?? {};
    const isText = [clientId, text, writtenAt].every((field) => typeof field === "string");
    return isText && typeof turn === "number" ? (parsed as Outgoing) : null;
  } catch {
    return null;
  }
}
