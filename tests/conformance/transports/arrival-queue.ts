import { PATIENCE_MS, Silence } from "./transport.ts";

/** Values that came, for one reader that waits for them; ends with a failure. */
export class ArrivalQueue<T> {
  readonly #waiting: T[] = [];
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  push(value: T): void {
    this.#waiting.push(value);
    this.#wake?.();
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** What is there already can still be taken. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    this.#wake?.();
  }

  /** Takes the first value that matches; the others stay. */
  async take(what: string, timeoutMs = PATIENCE_MS, matches: (value: T) => boolean = () => true): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const index = this.#waiting.findIndex(matches);
      const [value] = index === -1 ? [] : this.#waiting.splice(index, 1);
      if (value !== undefined) {
        return value;
      }
      if (this.#failure !== undefined) {
        throw this.#failure;
      }
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new Silence(what, timeoutMs);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }
}
