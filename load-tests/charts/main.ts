// Draws the charts of all records, and writes what they say into RESULTS.md.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { type LoadRecord, RESULTS } from "../record/record.ts";
import { chartFile, type NamedRecord, withResults } from "./results-page.ts";
import { renderSvg } from "./svg.ts";

const CHARTS = new URL("./", import.meta.url);
const PAGE = new URL("../RESULTS.md", import.meta.url);
const ENDING = ".json";

const files = (await readdir(RESULTS)).filter((file) => file.endsWith(ENDING)).toSorted();
const records: NamedRecord[] = await Promise.all(
  files.map(async (file) => ({
    name: file.slice(0, -ENDING.length),
    record: JSON.parse(await readFile(new URL(file, RESULTS), "utf8")) as LoadRecord,
  })),
);
await mkdir(CHARTS, { recursive: true });
for (const file of await readdir(CHARTS)) {
  if (file.endsWith(".svg")) {
    await rm(new URL(file, CHARTS));
  }
}
for (const { name, record } of records) {
  for (const [index, chart] of record.charts.entries()) {
    await writeFile(new URL(chartFile(name, index), CHARTS), renderSvg(chart));
  }
}
await writeFile(PAGE, withResults(await readFile(PAGE, "utf8"), records));
process.stdout.write(`${records.length} records in ${PAGE.pathname}\n`);
