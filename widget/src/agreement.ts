/** The one token of this browser on a channel, whichever tab was first to ask for it. */

import { createStore, del, get, update, type UseStore } from "idb-keyval";

/** A storage that does not answer must not silence the chat. */
const PATIENCE_MS = 2_000;

interface Agreed {
  readonly who: string;
  readonly token: string;
}

/**
 * Tabs in different processes see each other's `localStorage` late, so two that need a token at
 * the same moment would each make one, and the customer would talk in two conversations. The
 * database of the browser keeps an order: https://www.w3.org/TR/IndexedDB/#transaction-scheduling.
 * Where it is forbidden each tab trusts its own view.
 */
export class Agreement {
  private store: UseStore | null = null;

  constructor(
    private readonly key: string,
    /** The identified customer, or "": what others agreed at this browser does not count. */
    private readonly who: string,
  ) {}

  async token(): Promise<string | null> {
    return this.attempt(async (store) => this.ours(await get<Agreed>(this.key, store)), null);
  }

  /** Proposes a token. Returns the one that holds, which may be another tab's. */
  async settle(token: string): Promise<string> {
    return this.attempt(async (store) => {
      let settled = token;
      await update<Agreed>(
        this.key,
        (agreed) => {
          settled = this.ours(agreed) ?? token;
          return { who: this.who, token: settled };
        },
        store,
      );
      return settled;
    }, token);
  }

  /** The server does not know it any more. Another tab's newer one stays. */
  async forget(token: string): Promise<void> {
    const gone = { who: this.who, token: "" };
    await this.attempt(async (store) => {
      await update<Agreed>(
        this.key,
        (agreed) => (agreed === undefined || agreed.token === token ? gone : agreed),
        store,
      );
    }, undefined);
  }

  /** Somebody else uses this browser now. */
  async forgetAll(): Promise<void> {
    await this.attempt((store) => del(this.key, store), undefined);
  }

  private ours(agreed: Agreed | undefined): string | null {
    return agreed?.who === this.who && agreed.token !== "" ? agreed.token : null;
  }

  private async attempt<Result>(
    deed: (store: UseStore) => Promise<Result>,
    otherwise: Result,
  ): Promise<Result> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<Result>((resolve) => {
      timer = setTimeout(() => resolve(otherwise), PATIENCE_MS);
    });
    try {
      this.store ??= createStore("caseway", "tokens");
      return await Promise.race([deed(this.store), patience]);
    } catch {
      this.store = null; // closed under us: the next attempt opens it again
      return otherwise;
    } finally {
      clearTimeout(timer);
    }
  }
}
