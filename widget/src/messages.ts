/** What was said: the messages as the server gives them, and the list of them that is shown. */

export type Author = "contact" | "ai" | "agent" | "system";
export type State = "none" | "ai" | "waiting" | "human" | "resolved";

export interface Message {
  readonly id: string;
  readonly author: Author;
  readonly authorName: string | null;
  readonly text: string;
  readonly createdAt: string;
  readonly clientId: string | null;
  readonly status: "sent" | "read" | null;
}

export class Malformed extends Error {}

const AUTHORS: readonly string[] = ["contact", "ai", "agent", "system"] satisfies Author[];
const STATES: readonly string[] = ["none", "ai", "waiting", "human", "resolved"] satisfies State[];

function record(raw: unknown): Record<string, unknown> {
  if (typeof raw !== "object" || raw === null) throw new Malformed("not an object");
  return raw as Record<string, unknown>;
}

function textOrNull(raw: unknown): string | null {
  return typeof raw === "string" && raw !== "" ? raw : null;
}

export function parseMessage(raw: unknown): Message {
  const { id, author, text, status, ...rest } = record(raw);
  if (typeof id !== "string" || typeof text !== "string") throw new Malformed("no id or text");
  if (typeof author !== "string" || !AUTHORS.includes(author)) throw new Malformed("no such author");
  return {
    id,
    author: author as Author,
    authorName: textOrNull(rest["author_name"]),
    text,
    createdAt: textOrNull(rest["created_at"]) ?? "",
    clientId: textOrNull(rest["client_id"]),
    status: status === "sent" || status === "read" ? status : null,
  };
}

/** The inverse of `parseMessage`. */
export function wireOf(message: Message): unknown {
  const { authorName, createdAt, clientId, ...rest } = message;
  return { ...rest, author_name: authorName, created_at: createdAt, client_id: clientId };
}

export function parseState(raw: unknown): State {
  const { state } = record(raw);
  if (typeof state !== "string" || !STATES.includes(state)) throw new Malformed("no such state");
  return state as State;
}

/** The position that an answer or event carries, if it carries one. */
export function parseCursor(raw: unknown): string | null {
  return textOrNull(record(raw)["cursor"]);
}

export interface History {
  readonly state: State;
  readonly messages: readonly Message[];
  readonly cursor: string | null;
}

export function parseHistory(raw: unknown): History {
  const { messages } = record(raw);
  if (!Array.isArray(messages)) throw new Malformed("no messages");
  return { state: parseState(raw), messages: messages.map(parseMessage), cursor: parseCursor(raw) };
}

/**
 * The messages in the server's order.
 *
 * The answer to our own POST says nothing about what others wrote just before, so such a message
 * stands at the end (`posted`) until the history or the stream names its place (`placed`).
 */
export class Transcript {
  private constructor(
    private readonly placed: readonly Message[],
    private readonly posted: readonly Message[],
  ) {}

  static readonly empty = new Transcript([], []);

  /** The history, and what of ours was taken while it was on its way. */
  reread(history: readonly Message[]): Transcript {
    const own = new Transcript([], this.posted);
    return history.reduce((all, message) => all.place(message), own);
  }

  /** Another session's history is about to come: nothing posted before belongs to it. */
  withoutPosted(): Transcript {
    return new Transcript(this.placed, []);
  }

  get messages(): readonly Message[] {
    return [...this.placed, ...this.posted];
  }

  /** A message from the history or the stream. The same again replaces the former in place. */
  place(message: Message): Transcript {
    const posted = this.posted.filter((other) => !isSame(other, message));
    const known = this.placed.findIndex((other) => isSame(other, message));
    const placed = known < 0 ? [...this.placed, message] : this.placed.with(known, message);
    return new Transcript(placed, posted);
  }

  /** Our own message, as the answer to our POST shows it. */
  post(message: Message): Transcript {
    if (this.messages.some((other) => isSame(other, message))) return this;
    return new Transcript(this.placed, [...this.posted, message]);
  }

  /** Our own message of this client id, if the server is known to have it. */
  own(clientId: string): Message | null {
    return this.messages.find((message) => message.clientId === clientId) ?? null;
  }

  /** How many messages of others follow the one seen last. */
  unreadAfter(seen: string | null): number {
    const all = this.messages;
    const last = all.findIndex((message) => message.id === seen);
    return all.slice(last + 1).filter((message) => isReply(message)).length;
  }

  get newestReply(): Message | null {
    return this.messages.findLast(isReply) ?? null;
  }

  get newest(): Message | null {
    return this.messages.at(-1) ?? null;
  }
}

function isReply(message: Message): boolean {
  return message.author === "ai" || message.author === "agent";
}

function isSame(one: Message, other: Message): boolean {
  return one.id === other.id || (one.clientId !== null && one.clientId === other.clientId);
}
