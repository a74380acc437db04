/** A pause that ends by itself or by a call: the network came back, the page was shown again. */
export class Pause {
  private resume: (() => void) | null = null;

  /** Ends after `limitMs`, on `wake()`, or never while `limitMs` is Infinity and nobody wakes it. */
  async wait(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = Number.isFinite(limitMs) ? setTimeout(resolve, limitMs) : undefined;
      this.resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.resume = null;
  }

  wake(): void {
    this.resume?.();
  }
}
