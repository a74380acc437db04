/** Splits a text into words, links and line breaks, so that it can be shown without any markup. */

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string }
  | { readonly kind: "break" };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+/giu;
const TRAILING = /[.,:;!?…*_~،؛؟。）\])]$/u;

/** Punctuation that ends the sentence is not the address's; a bracket is, if it was opened in it. */
function withoutTrailing(candidate: string): string {
  let address = candidate;
  while (TRAILING.test(address)) {
    const last = address.at(-1);
    if (last === ")" && count(address, "(") >= count(address, ")")) break;
    if (last === "]" && count(address, "[") >= count(address, "]")) break;
    address = address.slice(0, -1);
  }
  return address;
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}

function hrefOf(address: string): string | null {
  try {
    const url = new URL(address);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null; // looks like an address and is none: stays text
  }
}

function piecesOfLine(line: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of line.matchAll(ADDRESS)) {
    const text = withoutTrailing(match[0]);
    const href = hrefOf(text);
    if (href === null) continue;
    if (match.index > end) pieces.push({ kind: "text", text: line.slice(end, match.index) });
    pieces.push({ kind: "link", text, href });
    end = match.index + text.length;
  }
  if (end < line.length) pieces.push({ kind: "text", text: line.slice(end) });
  return pieces;
}

export function splitText(text: string): Piece[] {
  return text
    .split(/\r\n|\r|\n/u)
    .flatMap((line, index): Piece[] =>
      index === 0 ? piecesOfLine(line) : [{ kind: "break" }, ...piecesOfLine(line)],
    );
}
