import fc from "fast-check";
import { expect, test } from "vitest";
import { nextQuote, OPENING_QUOTE } from "./ticker.ts";

const randoms = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 500 });

test("the price stays near where it began and is always whole cents", () => {
  fc.assert(
    fc.property(randoms, (values) => {
      let quote = OPENING_QUOTE;
      for (const value of values) {
        quote = nextQuote(quote, value);
        expect(quote.price).toBeGreaterThan(55);
        expect(quote.price).toBeLessThan(145);
        expect(Number(quote.price.toFixed(2))).toBe(quote.price);
        expect(quote.change).toBeCloseTo(quote.price - OPENING_QUOTE.price, 5);
      }
    }),
  );
});

test("the price moves both ways", () => {
  expect(nextQuote(OPENING_QUOTE, 0.9).change).toBeGreaterThan(0);
  expect(nextQuote(OPENING_QUOTE, 0.1).change).toBeLessThan(0);
});
