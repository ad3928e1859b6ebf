/** What became of messages at one rate. */
export interface RateTrial {
  /** Messages a second that were published. */
  readonly rate: number;
  /** Share of all deliveries that came in time. */
  readonly deliveredShare: number;
  /** From the first publish to the last receipt. */
  readonly deliveriesPerSecond: number;
  /** Of a core, both sides. */
  readonly serverShare: number;
  readonly clientShare: number;
  /** The publisher could not keep the rate, so a higher one would tell nothing. */
  readonly publishedLate: boolean;
}

export interface MostDeliveries {
  /** The trial with the most deliveries a second of those that delivered enough; `undefined` if none did. */
  readonly best: RateTrial | undefined;
  readonly trials: readonly RateTrial[];
}

export const ENOUGH_DELIVERED = 0.999;
const LOWEST_RATE = 1;
/** Doubling from anywhere reasonable ends before; what has not failed by then is limited by the clients. */
const MOST_DOUBLINGS = 12;
const HALVINGS = 2;

/**
 * Looks for the rate at which a server delivers most: doubles until it fails (or halves until it does not), then
 * halves the distance between the last rate that went well and the first that did not.
 */
export async function findMostDeliveries(
  attempt: (rate: number) => Promise<RateTrial>,
  firstRate: number,
): Promise<MostDeliveries> {
  const trials: RateTrial[] = [];
  const goesWell = async (rate: number): Promise<boolean> => {
    const trial = await attempt(rate);
    trials.push(trial);
    return trial.deliveredShare >= ENOUGH_DELIVERED && !trial.publishedLate;
  };
  let good = firstRate;
  let bad = firstRate;
  if (await goesWell(firstRate)) {
    for (let doubling = 0; doubling < MOST_DOUBLINGS && bad === good; doubling += 1) {
      if (await goesWell(2 * good)) {
        good *= 2;
        bad = good;
      } else {
        bad = 2 * good;
      }
    }
  } else {
    do {
      bad = good;
      good /= 2;
    } while (good >= LOWEST_RATE && !(await goesWell(good)));
  }
  for (let halving = 0; halving < HALVINGS && bad > good && good >= LOWEST_RATE; halving += 1) {
    // By ratio, as the rates before.
    const middle = Math.round(Math.sqrt(good * bad));
    if (await goesWell(middle)) {
      good = middle;
    } else {
      bad = middle;
    }
  }
  const well = trials.filter(({ deliveredShare }) => deliveredShare >= ENOUGH_DELIVERED);
  return {
    best: well.toSorted((one, other) => other.deliveriesPerSecond - one.deliveriesPerSecond)[0],
    trials,
  };
}
