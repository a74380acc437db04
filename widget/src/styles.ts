/** Lives in the shadow root. A page themes the widget by the --caseway-* properties, nothing else. */

import { css } from "lit";

export const styles = css`
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

  .panel {
    display: flex;
    flex-direction: column;
    position: relative;
    width: 376px;
    max-width: calc(100vw - 32px);
    height: min(560px, calc(100dvh - 32px));
    background: var(--bg);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    overflow: hidden;
    box-shadow: 0 12px 32px rgb(16 24 40 / 0.14);
  }
  .inline .panel {
    width: 100%;
    max-width: none;
    height: 100%;
    min-height: 280px;
    box-shadow: none;
  }
  header {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 60px;
    padding: 8px 16px;
    border-bottom: 1px solid var(--line);
  }
  .floating header {
    padding-inline-end: 8px;
  }
  header > div {
    flex: 1;
    min-width: 0;
  }
  h2 {
    margin: 0;
    font-size: 15px;
    line-height: 20px;
    font-weight: 600;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  header p {
    margin: 0;
    color: var(--muted);
    font-size: 12.5px;
    line-height: 17px;
  }
  .sign {
    display: grid;
    place-items: center;
    flex: none;
    width: 34px;
    height: 34px;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
  }
  .bare {
    display: grid;
    place-items: center;
    flex: none;
    width: 40px;
    height: 40px;
    padding: 0;
    border: 0;
    border-radius: 10px;
    background: none;
    color: var(--muted);
  }
  .bare:hover {
    background: var(--bubble);
  }
  .notice {
    display: flex;
    gap: 8px;
    align-items: center;
    padding: 8px 16px;
    font-size: 13px;
    line-height: 18px;
    background: var(--warn-bg);
    color: var(--warn);
  }
  .notice:empty {
    display: none;
  }

  .log {
    flex: 1;
    min-height: 0;
    overflow-y: auto;
    overscroll-behavior: contain;
    padding: 14px 14px 6px;
    display: flex;
    flex-direction: column;
    gap: 3px;
  }
  .log:focus-visible {
    outline-offset: -2px;
  }
  .log:not(.fresh) > :first-child {
    margin-top: auto;
  }
  .bubble {
    max-width: 82%;
    padding: 8px 12px;
    border-radius: 14px;
    border-end-start-radius: 4px;
    background: var(--bubble);
    align-self: flex-start;
    overflow-wrap: anywhere;
    flex: none;
  }
  .bubble.mine {
    align-self: flex-end;
    border-radius: 14px;
    border-end-end-radius: 4px;
    background: var(--accent);
    color: var(--on-accent);
    --ring: currentColor;
  }
  .bubble.unsent {
    background: none;
    color: var(--text);
    box-shadow: inset 0 0 0 1.5px var(--muted);
  }
  .bubble a {
    color: inherit;
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  .words {
    display: block;
    unicode-bidi: plaintext;
    text-align: start;
  }
  .under {
    display: flex;
    flex-wrap: wrap;
    flex: none;
    gap: 0 4px;
    align-items: center;
    padding: 2px 4px 8px;
    font-size: 12px;
    line-height: 17px;
    color: var(--muted);
    max-width: 92%;
  }
  .under.mine {
    align-self: flex-end;
    justify-content: flex-end;
    text-align: end;
  }
  .under.waits {
    color: var(--warn);
    font-weight: 500;
  }
  .under.bad {
    color: var(--bad);
    font-weight: 500;
  }
  .under > * {
    overflow-wrap: anywhere;
    min-width: 0;
  }
  .fate {
    display: flex;
    gap: 4px;
    align-items: flex-start;
  }
  .fate .icon {
    margin-top: 1px;
  }
  .under button {
    border: 0;
    background: none;
    padding: 4px 2px;
    margin: -4px 0;
    font-weight: 500;
    text-decoration: underline;
    text-underline-offset: 2px;
    border-radius: 4px;
  }
  .tag {
    font-size: 11px;
    font-weight: 600;
    line-height: 15px;
    border: 1px solid var(--line);
    border-radius: 5px;
    padding: 0 5px;
  }
  .line {
    flex: none;
    text-align: center;
    font-size: 12px;
    line-height: 17px;
    color: var(--muted);
    padding: 6px 12px;
    overflow-wrap: anywhere;
  }

  .jump {
    position: absolute;
    inset-inline: 0;
    margin-inline: auto;
    width: fit-content;
    transform: translateY(calc(-100% - 8px));
    display: flex;
    gap: 6px;
    align-items: center;
    min-height: 32px;
    padding: 4px 12px;
    border: 1px solid var(--line);
    border-radius: 16px;
    background: var(--bg);
    font-size: 12.5px;
    box-shadow: 0 4px 12px rgb(16 24 40 / 0.14);
  }
  .foot {
    position: relative;
    border-top: 1px solid var(--line);
    padding-bottom: env(safe-area-inset-bottom);
  }
  form {
    display: flex;
    align-items: flex-end;
    gap: 6px;
    padding: 8px;
    margin: 0;
  }
  textarea {
    flex: 1;
    min-width: 0;
    min-height: 40px;
    max-height: 132px;
    padding: 9px 10px;
    border: 1px solid transparent;
    border-radius: 10px;
    background: none;
    resize: none;
    line-height: 20px;
    field-sizing: content;
    scrollbar-width: thin;
  }
  textarea:focus-visible {
    outline-offset: 0;
  }
  textarea::placeholder {
    color: var(--muted);
    opacity: 1;
  }
  .send {
    display: grid;
    place-items: center;
    flex: none;
    width: 40px;
    height: 40px;
    padding: 0;
    border: 0;
    border-radius: 12px;
    background: var(--accent);
    color: var(--on-accent);
  }
  .send[disabled] {
    background: var(--bubble);
    color: var(--muted);
  }
  .count {
    padding: 6px 18px 0;
    font-size: 12px;
    line-height: 17px;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  .count:empty {
    display: none;
  }
  .count.bad {
    color: var(--bad);
    font-weight: 500;
  }

  .launch {
    position: relative;
    display: grid;
    place-items: center;
    width: 56px;
    height: 56px;
    padding: 0;
    border: 0;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
    box-shadow: 0 8px 24px rgb(16 24 40 / 0.25);
  }
  .launch .icon {
    width: 26px;
    height: 26px;
  }
  .badge {
    position: absolute;
    top: -3px;
    inset-inline-end: -3px;
    display: grid;
    place-items: center;
    min-width: 24px;
    height: 24px;
    padding: 0 5px;
    border-radius: 12px;
    border: 2px solid var(--bg);
    background: #b0221a;
    color: #fff;
    font-size: 12px;
    font-weight: 700;
    line-height: 1;
  }
  .peek {
    display: flex;
    align-items: flex-start;
    max-width: min(280px, calc(100vw - 32px));
    background: var(--bg);
    border: 1px solid var(--line);
    border-radius: 14px;
    box-shadow: 0 8px 24px rgb(16 24 40 / 0.14);
  }
  .peek .said {
    flex: 1;
    min-width: 0;
    padding: 10px 0 10px 14px;
    padding-inline: 14px 0;
    border: 0;
    border-radius: 14px;
    background: none;
    text-align: start;
  }
  .peek b {
    display: block;
    font-size: 13px;
    font-weight: 600;
  }
  .peek .words {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    overflow: hidden;
    overflow-wrap: anywhere;
  }
  .peek .bare {
    width: 32px;
    height: 32px;
    margin: 4px;
  }

  @media (max-width: 480px) {
    .frame.floating.open {
      inset: 0;
      height: var(--seen-height, 100dvh);
      bottom: auto;
    }
    .floating .panel {
      width: 100%;
      max-width: none;
      height: 100%;
      border: 0;
      border-radius: 0;
      box-shadow: none;
    }
    .floating header {
      padding-top: max(8px, env(safe-area-inset-top));
    }
    /* Smaller type makes iOS zoom into the field. */
    textarea {
      font-size: 16px;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .panel,
    .peek {
      animation: appear 200ms ease-out;
    }
    .inline .panel {
      animation: none;
    }
    button {
      transition:
        background-color 120ms ease-out,
        color 120ms ease-out;
    }
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
  @media (forced-colors: active) {
    .bubble,
    .launch,
    .send,
    .badge,
    .sign {
      border: 1px solid;
    }
  }
`;
