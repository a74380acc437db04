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
  /** An attempt left this device and may have arrived: it can no longer be taken back. */
  readonly inDoubt: boolean;
  readonly refusal: Refusal | null;
}

export interface OutboxPlace {
  read(): string | null;
  write(text: string): void;
}

/**
 * Every change reads the kept queue first: another tab may have changed it. Two tabs sending the
 * same message are harmless, the server knows it by its client id.
 */
export class Outbox {
  constructor(private readonly place: OutboxPlace) {}

  get queue(): readonly Outgoing[] {
    try {
      const kept: unknown = JSON.parse(this.place.read() ?? "[]");
      return Array.isArray(kept) ? kept.filter(isOutgoing) : [];
    } catch {
      return []; // written by somebody else on this origin: nothing of ours to send
    }
  }

  /** The next one to send: what was refused waits for the customer and holds up nobody. */
  get next(): Outgoing | null {
    return this.queue.find((outgoing) => outgoing.refusal === null) ?? null;
  }

  add(clientId: string, text: string, writtenAt: string): void {
    this.keep([...this.queue, { clientId, text, writtenAt, inDoubt: false, refusal: null }]);
  }

  /** It arrived, or was taken back. */
  drop(clientId: string): void {
    this.keep(this.queue.filter((outgoing) => outgoing.clientId !== clientId));
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
    this.keep(
      this.queue.map((outgoing) =>
        outgoing.refusal === null ? { ...outgoing, refusal: { reason, passing: true } } : outgoing,
      ),
    );
  }

  /** The customer asks: once more, behind what already waits. */
  retry(clientId: string): void {
    const again = this.queue.find((outgoing) => outgoing.clientId === clientId);
    if (again === undefined) return;
    if (again.refusal?.passing) {
      this.resume();
      return;
    }
    const others = this.queue.filter((outgoing) => outgoing.clientId !== clientId);
    this.keep([...others, { ...again, refusal: null }]);
  }

  /** The service is back: all that it merely did not hear is due again, in the order written. */
  resume(): void {
    if (!this.queue.some((outgoing) => outgoing.refusal?.passing)) return;
    this.keep(
      this.queue.map((outgoing) =>
        outgoing.refusal?.passing ? { ...outgoing, refusal: null } : outgoing,
      ),
    );
  }

  private change(clientId: string, what: Partial<Outgoing>): void {
    this.keep(
      this.queue.map((outgoing) =>
        outgoing.clientId === clientId ? { ...outgoing, ...what } : outgoing,
      ),
    );
  }

  private keep(queue: readonly Outgoing[]): void {
    this.place.write(JSON.stringify(queue));
  }
}

function isOutgoing(kept: unknown): kept is Outgoing {
  const { clientId, text, writtenAt } = (kept ?? {}) as Partial<Record<keyof Outgoing, unknown>>;
  return [clientId, text, writtenAt].every((field) => typeof field === "string");
}
