/** What outlives a page, per address and channel: the token, the queue, what was seen and peeked. */

export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
  removeItem(key: string): void;
}

class MemoryShelf implements Shelf {
  private readonly texts = new Map<string, string>();

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.texts.set(key, text);
  }

  removeItem(key: string): void {
    this.texts.delete(key);
  }
}

/** The browser's storage, or memory where it is forbidden (private windows, blocked site data). */
export function openShelf(): Shelf {
  try {
    const probe = "caseway probe";
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return new MemoryShelf();
  }
}

export type Kept = "token" | "outbox" | "seen" | "peeked";

export class Keep {
  private readonly prefix: string;

  /** `who` is the identified customer, or "" for an anonymous one. */
  constructor(
    private readonly shelf: Shelf,
    base: string,
    channel: string,
    who: string,
  ) {
    this.prefix = `caseway ${base} ${channel} `;
    // The next person at this browser must not see what the last one wrote.
    if ((shelf.getItem(`${this.prefix}who`) ?? "") !== who) {
      for (const kept of ["token", "outbox", "seen", "peeked"] as const) this.forget(kept);
      this.shelve("who", who);
    }
  }

  key(kept: Kept): string {
    return this.prefix + kept;
  }

  read(kept: Kept): string | null {
    return this.shelf.getItem(this.key(kept));
  }

  write(kept: Kept, text: string): void {
    this.shelve(kept, text);
  }

  forget(kept: Kept): void {
    this.shelf.removeItem(this.key(kept));
  }

  private shelve(name: Kept | "who", text: string): void {
    try {
      this.shelf.setItem(this.prefix + name, text);
    } catch {
      // The quota is used up. Sending still works; only a reload would forget.
    }
  }
}

/**
 * The subject of a signed identity, to tell one person from another on this device. The signature
 * is the server's to check. A token is renewed at each sign-in, its subject stays.
 */
export function subjectOf(identity: string | null): string {
  if (identity === null || identity === "") return "";
  try {
    const middle = (identity.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const claims: unknown = JSON.parse(atob(middle));
    const subject = (claims as { sub?: unknown }).sub;
    return typeof subject === "string" && subject !== "" ? subject : identity;
  } catch {
    return identity;
  }
}
