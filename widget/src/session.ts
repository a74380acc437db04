/** This device's right to speak on the channel: a token, made when first needed and kept. */

import { Stranger, type Door } from "./door.ts";
import type { Keep } from "./keep.ts";

export class Session {
  private opening: Promise<string> | null = null;

  constructor(
    private readonly door: Door,
    private readonly keep: Keep,
    private readonly identity: string | null,
    /** Another token sees another history. */
    private readonly lost: () => void,
  ) {}

  get exists(): boolean {
    return this.keep.read("token") !== null;
  }

  /** A visitor signed in by the site has a history elsewhere, even without a token here. */
  get isIdentified(): boolean {
    return this.identity !== null;
  }

  async open(): Promise<string> {
    const kept = this.keep.read("token");
    if (kept !== null) return kept;
    this.opening ??= this.agree().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  private async agree(): Promise<string> {
    const { agreement } = this.keep;
    const token =
      (await agreement.token()) ??
      (await agreement.settle(await this.door.openSession(this.identity)));
    this.keep.write("token", token);
    return token;
  }

  /** Asks with the token. One that the server does not know is dropped, and `Stranger` is thrown. */
  async ask<Answer>(question: (token: string) => Promise<Answer>): Promise<Answer> {
    const token = await this.open();
    try {
      return await question(token);
    } catch (failure) {
      if (failure instanceof Stranger && this.keep.read("token") === token) {
        this.keep.forget("token");
        // Before the next `open()` asks: the database answers in the order of the questions.
        void this.keep.agreement.forget(token);
        this.lost();
      }
      throw failure;
    }
  }

  /** As `ask`, and once more with a new token. */
  async insist<Answer>(question: (token: string) => Promise<Answer>): Promise<Answer> {
    try {
      return await this.ask(question);
    } catch (failure) {
      if (!(failure instanceof Stranger)) throw failure;
      return this.ask(question);
    }
  }
}
