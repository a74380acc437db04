/** Colours, type and what all parts share. A page themes it by the --caseway-* properties. */

import { css } from "lit";

export const frame = css`
  :host {
    all: initial;
    display: block;
    --accent: var(--caseway-accent, #3350c4);
    --on-accent: var(--caseway-on-accent, #fff);
    --ring: var(--caseway-ring, var(--accent));
    --bg: var(--caseway-bg, #fff);
    --text: var(--caseway-text, #18212d);
    --muted: var(--caseway-muted, #566172);
    --line: var(--caseway-line, #e1e5ea);
    --field: var(--caseway-field, #7d8796);
    --bubble: var(--caseway-bubble, #f0f2f5);
    --warn: var(--caseway-warn, #855000);
    --warn-bg: var(--caseway-warn-bg, #fdf1d9);
    --bad: var(--caseway-bad, #b0221a);
    --radius: var(--caseway-radius, 16px);
  }
  :host([hidden]) {
    display: none;
  }
  :host([inline]) {
    height: 100%;
  }
  .frame {
    box-sizing: border-box;
    color: var(--text);
    font: 400 14px/1.45 var(--caseway-font, system-ui, sans-serif);
    text-align: start;
  }
  .frame.dark {
    color-scheme: dark;
    --accent: var(--caseway-accent, #4a63d8);
    --ring: var(--caseway-ring, #96abff);
    --bg: var(--caseway-bg, #161c25);
    --text: var(--caseway-text, #e7ebf1);
    --muted: var(--caseway-muted, #a9b3c1);
    --line: var(--caseway-line, #2a3442);
    --field: var(--caseway-field, #6d7888);
    --bubble: var(--caseway-bubble, #232c38);
    --warn: var(--caseway-warn, #f0bb60);
    --warn-bg: var(--caseway-warn-bg, #2f2512);
    --bad: var(--caseway-bad, #ff9d93);
  }
  .frame.floating {
    position: fixed;
    z-index: 2147483000;
    inset-block-end: max(16px, env(safe-area-inset-bottom));
    inset-inline-end: 16px;
    display: flex;
    flex-direction: column;
    align-items: flex-end;
    gap: 12px;
  }
  .frame.floating.at-start {
    inset-inline: 16px auto;
    align-items: flex-start;
  }
  .frame.inline {
    height: 100%;
  }
  * {
    box-sizing: border-box;
  }
  button,
  textarea {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button {
    cursor: pointer;
    -webkit-tap-highlight-color: transparent;
  }
  button[disabled] {
    cursor: default;
  }
  :focus-visible {
    outline: 2px solid var(--ring);
    outline-offset: 2px;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .icon {
    display: block;
    width: 20px;
    height: 20px;
    flex: none;
  }
  .icon.small {
    width: 15px;
    height: 15px;
  }
  [dir="rtl"] .mirrored {
    transform: scaleX(-1);
  }
`;
