/** What goes out on `ticker.price`. */
export interface Quote {
  readonly symbol: string;
  readonly price: number;
  /** Against the price at which the ticker opened. */
  readonly change: number;
}

const SYMBOL = "TIDE";
const OPENING_PRICE = 100;
/** The largest step of a second. */
const STEP = 0.4;
/** How much of the distance to the opening price is taken back each second, so that the walk stays near it. */
const PULL = 0.01;

export const OPENING_QUOTE: Quote = { symbol: SYMBOL, price: OPENING_PRICE, change: 0 };

/** A random walk that is drawn back to where it began. `random` is from 0 up to, not including, 1. */
export function nextQuote({ price }: Quote, random: number): Quote {
  const step = (random * 2 - 1) * STEP + (OPENING_PRICE - price) * PULL;
  const next = toCents(price + step);
  return { symbol: SYMBOL, price: next, change: toCents(next - OPENING_PRICE) };
}

function toCents(value: number): number {
  return Math.round(value * 100) / 100;
}
