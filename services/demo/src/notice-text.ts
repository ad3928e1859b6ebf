const PLACES = [
  "North lock",
  "South lock",
  "Old harbour",
  "Ferry pier",
  "Fish market",
  "Lighthouse",
] as const;

const NEWS = [
  "high water",
  "low water",
  "fog ahead",
  "2 boats wait",
  "all boats in",
  "closed today",
  "seal seen",
] as const;

/**
 * What a notification of the demo says. The same number gives the same text, and no two of 42 in a row are alike.
 *
 * @param number from 1
 */
export function noticeText(number: number): string {
  const place = PLACES[number % PLACES.length] ?? PLACES[0];
  const news = NEWS[number % NEWS.length] ?? NEWS[0];
  return `${place}: ${news}`;
}
