/** What sending and listening both depend on: the network, and whether we may be here at all. */

import { Later, NotAllowed, Refused, Stranger } from "./door.ts";

export class Circumstances {
  /** The network is there, as far as the browser and we know. */
  isOnline = navigator.onLine;
  /** False: this page may not use this channel, and no further attempt is made. */
  isAllowed = true;

  constructor(readonly changed: () => void) {}

  /** What a failure means. Returns how long to wait at least before the next attempt, in ms. */
  weigh(failure: unknown): number {
    if (failure instanceof Later) return failure.atLeastMs;
    if (failure instanceof NotAllowed && this.isAllowed) {
      this.isAllowed = false;
      console.error(failure.message); // for the site's owner
    } else if (![NotAllowed, Refused, Stranger].some((kind) => failure instanceof kind)) {
      console.error("Caseway chat: something broke on our side.", failure);
    }
    this.changed();
    return 0;
  }
}
