/** What was said. */

import { css } from "lit";

export const log = css`
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
`;
