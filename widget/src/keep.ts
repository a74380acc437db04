/** What outlives a page and is shared by its tabs: the token, the outbox, what was seen and peeked. */

import { Agreement } from "./agreement.ts";
import type { OutboxPlace } from "./outbox.ts";

export interface Shelf {
  keys(): readonly string[];
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
  removeItem(key: string): void;
}

class MemoryShelf implements Shelf {
  private readonly texts = new Map<string, string>();

  keys(): readonly string[] {
    return [...this.texts.keys()];
  }

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

/** The browser's storage. What it has no room for is remembered until the page goes. */
export class StorageShelf implements Shelf {
  private readonly overflow = new MemoryShelf();

  constructor(private readonly storage: Storage) {}

  keys(): readonly string[] {
    return [...new Set([...Object.keys(this.storage), ...this.overflow.keys()])];
  }

  getItem(key: string): string | null {
    return this.overflow.getItem(key) ?? this.storage.getItem(key);
  }

  setItem(key: string, text: string): void {
    try {
      this.storage.setItem(key, text);
      this.overflow.removeItem(key);
    } catch {
      this.overflow.setItem(key, text);
    }
  }

  removeItem(key: string): void {
    this.storage.removeItem(key);
    this.overflow.removeItem(key);
  }
}

/** The browser's storage, or memory where it is forbidden (private windows, blocked site data). */
export function openShelf(): Shelf {
  try {
    localStorage.getItem("caseway");
    return new StorageShelf(localStorage);
  } catch {
    return new MemoryShelf();
  }
}

export type Kept = "token" | "seen" | "peeked";

export class Keep {
  readonly agreement: Agreement;
  private readonly prefix: string;

  /** `who` is the identified customer, or "" for an anonymous one. */
  constructor(
    private readonly shelf: Shelf,
    base: string,
    channel: string,
    who: string,
  ) {
    const everybodys = `caseway ${base} ${channel} `;
    // A page of the last person may still be open: it goes on under their name, not under ours.
    this.prefix = `${everybodys}${JSON.stringify(who)} `;
    this.agreement = new Agreement(`${everybodys}token`, who);
    // The next person at this browser must not see what the last one wrote.
    const others = shelf
      .keys()
      .filter((key) => key.startsWith(everybodys) && !key.startsWith(this.prefix));
    for (const key of others) shelf.removeItem(key);
    if (others.length > 0) void this.agreement.forgetAll();
  }

  key(name: Kept | "arrived" | `outbox ${string}`): string {
    return this.prefix + name;
  }

  read(kept: Kept): string | null {
    return this.shelf.getItem(this.key(kept));
  }

  write(kept: Kept, text: string): void {
    this.shelf.setItem(this.key(kept), text);
  }

  forget(kept: Kept): void {
    this.shelf.removeItem(this.key(kept));
  }

  /** Tells the other tabs by a storage event, before any write that follows, and keeps nothing. */
  announce(text: string): void {
    this.shelf.setItem(this.key("arrived"), text);
    this.shelf.removeItem(this.key("arrived"));
  }

  get outbox(): OutboxPlace {
    const keyOf = (clientId: string): string => this.key(`outbox ${clientId}`);
    return {
      texts: () =>
        this.shelf
          .keys()
          .filter((key) => this.isOfOutbox(key))
          .map((key) => this.shelf.getItem(key) ?? ""),
      write: (clientId, text) => this.shelf.setItem(keyOf(clientId), text),
      remove: (clientId) => this.shelf.removeItem(keyOf(clientId)),
    };
  }

  isOfOutbox(key: string | null): boolean {
    return key?.startsWith(this.key("outbox ")) ?? false;
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
