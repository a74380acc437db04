/** Reads text/event-stream (HTML Standard, section 9.2.6) from chunks cut anywhere. */

export interface ServerEvent {
  readonly kind: string;
  readonly text: string;
}

export class EventStreamParser {
  private rest = "";
  private kind = "";
  private lines: string[] = [];

  /** The events completed by this chunk. Comments complete none: they only prove life. */
  push(chunk: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.rest += chunk;
    // A CR at the very end may be half of a CRLF: it waits for the next chunk.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/u);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = this.take(line);
      if (event !== null) events.push(event);
    }
    return events;
  }

  private take(line: string): ServerEvent | null {
    if (line === "") {
      const event = { kind: this.kind || "message", text: this.lines.join("\n") };
      const isComplete = this.lines.length > 0;
      this.kind = "";
      this.lines = [];
      return isComplete ? event : null;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /u, "");
    if (field === "event") this.kind = text;
    if (field === "data") this.lines.push(text);
    return null;
  }
}
