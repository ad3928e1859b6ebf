import { LoadTestError } from "../../load-test-error.ts";

/** A line over time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value; what is no number is left out. */
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

interface Answer {
  readonly status?: string;
  readonly error?: string;
  readonly data?: {
    readonly resultType?: string;
    readonly result?: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

/**
 * What Prometheus answers to a range query. Series without any number are left out.
 *
 * @throws LoadTestError `server_failed` with what Prometheus says is wrong.
 */
export function parseRangeResult(text: string): readonly Series[] {
  const { status, error, data } = JSON.parse(text) as Answer;
  if (status !== "success" || data?.resultType !== "matrix") {
    throw new LoadTestError("server_failed", `Prometheus says: ${error ?? text.slice(0, 200)}`);
  }
  return (data.result ?? [])
    .map(({ metric, values = [] }) => ({
      labels: metric,
      points: values
        .map(([seconds, value]) => [seconds, Number(value)] as const)
        .filter(([, value]) => Number.isFinite(value)),
    }))
    .filter(({ points }) => points.length > 0);
}
