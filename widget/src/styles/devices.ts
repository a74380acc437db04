/** Phones, calm motion, forced colours. Comes last: it overrides the others. */

import { css } from "lit";

export const devices = css`
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
