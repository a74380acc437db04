/** The only file that calls the server: Caseway's widget API, version 1, by fetch without cookies. */

import { retryAfterMs } from "./backoff.ts";
import { EventStreamParser, type ServerEvent } from "./eventstream.ts";
import {
  parseHistory,
  parseMessage,
  Malformed,
  type History,
  type Message,
} from "./messages.ts";
import { parseSettings, type Settings } from "./settings.ts";

const ANSWER_WITHIN_MS = 20_000;

/** No answer, or "not now": worth another attempt. */
export class Later extends Error {
  constructor(readonly atLeastMs = 0) {
    super("later");
  }
}

/** The server read the request and says no. `detail` is written for the customer. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly detail: string | null,
  ) {
    super(`refused with ${status}`);
  }
}

/** The token is not known (any more). */
export class Stranger extends Error {}

/** This page may not use this channel: only the site's owner can mend it. */
export class NotAllowed extends Error {}

interface Call {
  readonly method: "GET" | "POST";
  readonly token?: string | null;
  readonly content?: Readonly<Record<string, string>>;
  readonly after?: string | null;
  readonly signal?: AbortSignal;
}

export class Door {
  private readonly address: string;

  constructor(
    base: string,
    private readonly channel: string,
  ) {
    this.address = `${base}/widget/v1/${encodeURIComponent(channel)}/`;
  }

  /** Of the channel: asked without a token, so that who only looks leaves no trace. */
  async settings(): Promise<Settings> {
    return parseSettings(await this.answer("settings", { method: "GET" }));
  }

  async openSession(identity: string | null): Promise<string> {
    const content: Record<string, string> = identity === null ? {} : { identity };
    const answer = await this.answer("sessions", { method: "POST", content }).catch((failure) => {
      if (!(failure instanceof Stranger)) throw failure;
      throw new NotAllowed("Caseway chat: the signed identity was refused. Check its key and expiry.");
    });
    const { token } = (answer ?? {}) as { token?: unknown };
    if (typeof token !== "string") throw new Malformed("no token");
    return token;
  }

  async history(token: string): Promise<History> {
    return parseHistory(await this.answer("messages", { method: "GET", token }));
  }

  async post(token: string, clientId: string, text: string): Promise<Message> {
    const content = { text, client_id: clientId };
    return parseMessage(await this.answer("messages", { method: "POST", token, content }));
  }

  async acknowledge(token: string, cursor: string): Promise<void> {
    await this.within(ANSWER_WITHIN_MS, (signal) =>
      this.call("acknowledgements", { method: "POST", token, content: { cursor }, signal }),
    );
  }

  /** Yields the events of each chunk; an empty list, once connected and for a ping, proves life. */
  async *stream(
    token: string,
    after: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ServerEvent[]> {
    const response = await this.call("stream", { method: "GET", token, after, signal });
    if (response.body === null) throw new Later();
    yield [];
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventStreamParser();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch(() => {
          throw new Later();
        });
        if (done) return;
        yield parser.push(decoder.decode(value, { stream: true }));
      }
    } finally {
      reader.cancel().catch(() => undefined); // already broken: there is nothing left to close
    }
  }

  private async answer(path: string, call: Call): Promise<unknown> {
    return this.within(ANSWER_WITHIN_MS, async (signal) => {
      const response = await this.call(path, { ...call, signal });
      return response.json().catch(() => {
        throw new Later(); // broken off, or a proxy's page in place of the answer
      });
    });
  }

  private async within<Answer>(
    limitMs: number,
    ask: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), limitMs);
    try {
      return await ask(limit.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  private async call(path: string, call: Call): Promise<Response> {
    const query = call.after ? `?after=${encodeURIComponent(call.after)}` : "";
    const request: RequestInit = {
      method: call.method,
      mode: "cors",
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "strict-origin-when-cross-origin",
      headers: {
        ...(call.token ? { Authorization: `Bearer ${call.token}` } : {}),
        ...(call.content ? { "Content-Type": "application/json" } : {}),
      },
      ...(call.content ? { body: JSON.stringify(call.content) } : {}),
      ...(call.signal ? { signal: call.signal } : {}),
    };
    const response = await fetch(this.address + path + query, request).catch(() => {
      throw new Later();
    });
    if (!response.ok) throw await this.failure(response);
    return response;
  }

  private async failure(response: Response): Promise<Error> {
    const { status } = response;
    const wait = retryAfterMs(response.headers.get("Retry-After"), Date.now());
    if (status === 401) return new Stranger();
    if (status === 408 || status >= 500) return new Later(wait);
    const problem: unknown = await response.json().catch(() => null);
    const { title, detail } = (problem ?? {}) as { title?: unknown; detail?: unknown };
    const words = [detail, title].find((word) => typeof word === "string" && word !== "");
    if (status === 403 || status === 404) {
      const why = status === 403 ? `may not be used from ${location.origin}` : "does not exist";
      return new NotAllowed(
        `Caseway chat: the channel "${this.channel}" ${why} (${status}${words ? `: ${words}` : ""}). ` +
          "Look at Settings, Channels, this channel: its id and its allowed origins.",
      );
    }
    return new Refused(status, typeof words === "string" ? words : null);
  }
}
