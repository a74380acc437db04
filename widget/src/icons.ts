/** Tabler Icons (MIT), as strokes. */

import { svg, type SVGTemplateResult } from "lit";

const drawn = (strokes: readonly string[], classes: string): SVGTemplateResult => svg`<svg
  class=${classes} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"
  stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"
>${strokes.map((stroke) => svg`<path d=${stroke}></path>`)}</svg>`;

const icon = (...strokes: string[]): SVGTemplateResult => drawn(strokes, "icon");
const small = (...strokes: string[]): SVGTemplateResult => drawn(strokes, "icon small");

const RING = "M3 12a9 9 0 1 0 18 0a9 9 0 1 0 -18 0";

export const icons = {
  chat: icon(
    "M3 20l1.3 -3.9c-2.324 -3.437 -1.426 -7.872 2.1 -10.374c3.526 -2.501 8.59 -2.296 11.845 .48c3.255 2.777 3.695 7.266 1.029 10.501c-2.666 3.235 -7.615 4.215 -11.574 2.293l-4.7 1",
  ),
  close: icon("M18 6l-12 12", "M6 6l12 12"),
  send: drawn(
    [
      "M4.698 4.034l16.302 7.966l-16.302 7.966a.503 .503 0 0 1 -.546 -.124a.555 .555 0 0 1 -.12 -.568l2.468 -7.274l-2.468 -7.274a.555 .555 0 0 1 .12 -.568a.503 .503 0 0 1 .546 -.124",
      "M6.5 12h14.5",
    ],
    "icon mirrored",
  ),
  down: small("M12 5v14", "M18 13l-6 6", "M6 13l6 6"),
  offline: small(
    "M12 18l.01 0",
    "M9.172 15.172a4 4 0 0 1 5.656 0",
    "M6.343 12.343a7.963 7.963 0 0 1 3.864 -2.14m4.163 .155a7.965 7.965 0 0 1 3.287 2",
    "M3.515 9.515a12 12 0 0 1 3.544 -2.455m3.101 -.92a12 12 0 0 1 10.325 3.374",
    "M3 3l18 18",
  ),
  waiting: small(RING, "M12 12l3 2", "M12 7v5"),
  sending: drawn(["M17 7l-10 10", "M8 7l9 0l0 9"], "icon small mirrored"),
  sent: small("M5 12l5 5l10 -10"),
  read: small("M7 12l5 5l10 -10", "M2 12l5 5m5 -5l5 -5"),
  failed: small(RING, "M12 8v4", "M12 16h.01"),
};
