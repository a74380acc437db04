/** What the server knows of this channel, so that no page has to be changed when it changes. */

export interface Settings {
  /** null: the usual words, in the visitor's language. */
  readonly greeting: string | null;
  /** That one message may have, in code points. */
  readonly characters: number;
}

/** Also those of a server that does not tell, and while it cannot be reached. */
export const USUAL: Settings = { greeting: null, characters: 8_000 };

export function parseSettings(raw: unknown): Settings {
  const { greeting, characters } = (raw ?? {}) as { greeting?: unknown; characters?: unknown };
  const isCount = Number.isInteger(characters) && (characters as number) > 0;
  return {
    greeting: typeof greeting === "string" && greeting !== "" ? greeting : USUAL.greeting,
    characters: isCount ? (characters as number) : USUAL.characters,
  };
}
