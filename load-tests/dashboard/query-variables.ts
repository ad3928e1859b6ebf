/** How long, and how closely, Grafana looks. All in seconds. */
export interface QueryWindow {
  readonly from: number;
  readonly to: number;
  /** Between two points. */
  readonly step: number;
  /** Between two looks of Prometheus at its targets. */
  readonly scrape: number;
}

/** Of `$__rate_interval`, as Grafana chooses it: never so short that a missed look leaves a gap. */
const LOOKS = 4;

/** The window of rates in seconds, as Grafana chooses it for `$__rate_interval`. */
export function rateInterval({ step, scrape }: Pick<QueryWindow, "step" | "scrape">): number {
  return Math.max(step + scrape, LOOKS * scrape);
}

/**
 * An expression of the dashboard as Prometheus takes it.
 *
 * @param chosen values of the dashboard's own variables, by name.
 * @throws TypeError for a variable that there is no value of.
 */
export function resolveVariables(
  expression: string,
  window: QueryWindow,
  chosen: Readonly<Record<string, string>>,
): string {
  const values: Readonly<Record<string, string>> = {
    __rate_interval: `${rateInterval(window)}s`,
    __range: `${window.to - window.from}s`,
    __interval: `${window.step}s`,
    ...chosen,
  };
  return expression.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    const value = values[name];
    if (value === undefined) throw new TypeError(`the dashboard uses $${name}, which has no value here`);
    return value;
  });
}

/** What a line is called: the legend with the labels of its series in their places. */
export function legendText(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? "").trim();
}
