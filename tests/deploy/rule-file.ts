import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { at, listAt, recordAt, textAt } from "./manifest.ts";

export const PROMETHEUS = join(import.meta.dirname, "../../deploy/prometheus");

/** A recording rule or an alert. */
interface PrometheusRule {
  readonly kind: "record" | "alert";
  readonly name: string;
  readonly expression: string;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, unknown>>;
  /** How long the expression must hold; undefined where that is not said. */
  readonly holds: string | undefined;
}

/** Of `rules` or `tests`. */
export function filesIn(folder: "rules" | "tests"): readonly string[] {
  return readdirSync(join(PROMETHEUS, folder))
    .sort()
    .map((file) => `${folder}/${file}`);
}

/** All rules of deploy/prometheus. */
export function readRules(): readonly PrometheusRule[] {
  return filesIn("rules").flatMap((file) =>
    listAt(parse(readFileSync(join(PROMETHEUS, file), "utf8")), "groups").flatMap((group) =>
      listAt(group, "rules").map((rule): PrometheusRule => {
        const kind = at(rule, "alert") === undefined ? "record" : "alert";
        const holds = at(rule, "for");
        return {
          kind,
          name: textAt(rule, kind),
          expression: textAt(rule, "expr"),
          labels: recordAt(rule, "labels"),
          annotations: recordAt(rule, "annotations"),
          holds: typeof holds === "string" ? holds : undefined,
        };
      }),
    ),
  );
}

/** What a test of promtool says of an alert at one moment. */
interface AlertExpectation {
  readonly alert: string;
  readonly fires: boolean;
}

/** From the tests of promtool; expressions about anything but firing alerts are left out. */
export function readExpectations(): readonly AlertExpectation[] {
  return filesIn("tests").flatMap((file) =>
    listAt(parse(readFileSync(join(PROMETHEUS, file), "utf8")), "tests").flatMap((test) =>
      listAt(test, "promql_expr_test").flatMap((one) => {
        const [, alert] = /^ALERTS\{alertname="(\w+)",alertstate="firing"\}$/.exec(textAt(one, "expr")) ?? [];
        return alert === undefined ? [] : [{ alert, fires: listAt(one, "exp_samples").length > 0 }];
      }),
    ),
  );
}
