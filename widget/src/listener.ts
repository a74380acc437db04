/** Follows the conversation: its history once, then the stream, again and again from the cursor. */

import { backoffMs } from "./backoff.ts";
import type { Circumstances } from "./circumstances.ts";
import type { Door } from "./door.ts";
import type { ServerEvent } from "./eventstream.ts";
import {
  parseCursor,
  parseMessage,
  parseState,
  type History,
  type Message,
  type State,
} from "./messages.ts";
import { Pause } from "./pause.ts";
import type { Session } from "./session.ts";

/** Pings come every 15 s; more than two lost is a dead connection. */
const SILENCE_MS = 40_000;
/** A connection that ended sooner counts as a failed attempt. */
const STEADY_AFTER_MS = 5_000;
/** A tab in the background gives its connection back: a browser allows six for each host. */
const HIDDEN_MS = 60_000;
/** The browser's "offline" is sometimes wrong, so we look for ourselves now and then. */
const DOUBT_OFFLINE_MS = 30_000;
const FAILURES_BEFORE_TELLING = 2;

export interface Hearing {
  readonly history: (history: History) => void;
  readonly message: (message: Message) => void;
  readonly state: (state: State) => void;
  /** The connection stands (again). */
  readonly reached: () => void;
}

export class Listener {
  /** Everything up to here has been heard. Null: begin with the history. */
  cursor: string | null = null;
  /** An identified visitor's history is fetched when the chat is opened, not on each page. */
  isWanted = false;
  private failures = 0;
  private isLive = false;
  private isAway = false;
  private isStopped = false;
  private heardAt = 0;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private connection = new AbortController();
  private readonly pause = new Pause();

  constructor(
    private readonly circumstances: Circumstances,
    private readonly session: Session,
    private readonly door: Door,
    private readonly hearing: Hearing,
  ) {}

  /** Worth telling: a single lost connection is not. */
  get isBroken(): boolean {
    return this.failures >= FAILURES_BEFORE_TELLING;
  }

  wake(): void {
    this.pause.wake();
  }

  /** Ends the present connection; the next begins after a pause, or at `wake()`. */
  cut(): void {
    this.connection.abort();
  }

  forgetPosition(): void {
    this.cursor = null;
    this.cut();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.hiding);
    this.cut();
    this.wake();
  }

  pageHidden(): void {
    this.hiding = setTimeout(() => this.leave(), HIDDEN_MS);
  }

  /** Until the page is shown. */
  leave(): void {
    this.isAway = true;
    this.cut();
  }

  pageShown(): void {
    clearTimeout(this.hiding);
    this.isAway = false;
    // A laptop that slept wakes with a connection that only looks alive.
    if (this.isLive && performance.now() - this.heardAt > SILENCE_MS) this.cut();
    this.wake();
  }

  async run(): Promise<void> {
    while (!this.isStopped) {
      if (!this.mayListen) {
        await this.pause.wait(Infinity);
        continue;
      }
      const startedAt = performance.now();
      const waitMs = await this.listen();
      this.isLive = false;
      const wasSteady = performance.now() - startedAt > STEADY_AFTER_MS;
      this.failures = wasSteady && this.heardAt > startedAt ? 1 : this.failures + 1;
      this.circumstances.changed();
      const pauseMs = backoffMs(this.failures - 1, Math.random, waitMs);
      if (!this.mayListen) continue;
      await this.pause.wait(this.circumstances.isOnline ? pauseMs : DOUBT_OFFLINE_MS);
    }
  }

  private get mayListen(): boolean {
    const hasHistory = this.session.exists || (this.isWanted && this.session.isIdentified);
    return hasHistory && this.circumstances.isAllowed && !this.isAway;
  }

  /** Until the connection ends. Returns how long to wait at least, in milliseconds. */
  private async listen(): Promise<number> {
    this.connection = new AbortController();
    try {
      await this.session.ask((token) => this.follow(token, this.connection));
      return 0;
    } catch (failure) {
      return this.circumstances.weigh(failure);
    }
  }

  private async follow(token: string, connection: AbortController): Promise<void> {
    if (this.cursor === null) {
      const history = await this.door.history(token);
      if (connection.signal.aborted) return; // another token meanwhile: not our history
      this.cursor = history.cursor;
      this.hearing.history(history);
    }
    let silence = setTimeout(() => connection.abort(), SILENCE_MS);
    try {
      for await (const events of this.door.stream(token, this.cursor, connection.signal)) {
        clearTimeout(silence);
        silence = setTimeout(() => connection.abort(), SILENCE_MS);
        this.heard();
        for (const event of events) this.take(event);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  private heard(): void {
    this.heardAt = performance.now();
    if (this.isLive) return;
    this.isLive = true;
    this.failures = Math.min(this.failures, FAILURES_BEFORE_TELLING - 1);
    this.hearing.reached();
  }

  private take(event: ServerEvent): void {
    try {
      const told: unknown = JSON.parse(event.text);
      if (event.kind === "message") {
        this.cursor = parseCursor(told) ?? this.cursor;
        this.hearing.message(parseMessage(told));
      } else if (event.kind === "state") {
        this.cursor = parseCursor(told) ?? this.cursor;
        this.hearing.state(parseState(told));
      }
    } catch (failure) {
      // One unreadable event must not hold up those behind it.
      console.error("Caseway chat: an event could not be read.", failure);
    }
  }
}
