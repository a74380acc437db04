/** The open chat: its head, notices, and the field to write in. */

import { css } from "lit";

export const panel = css`
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
`;
