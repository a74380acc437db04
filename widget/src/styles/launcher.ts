/** The closed chat: the round button, its badge, the newest reply beside it. */

import { css } from "lit";

export const launcher = css`
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
`;
