import { spawnNode } from "@tidegate/testkit";
import { expect, onTestFinished, test } from "vitest";
import { MOVE_SIGNAL, MOVED } from "./clock-text.ts";

const HOUR_MS = 3_600_000;
const PROGRAM = new URL("clock-reader.fixture.ts", import.meta.url);

interface Reading {
  readonly now: number;
  readonly made: number;
  readonly said: number;
  readonly given: number;
  readonly isDate: boolean;
}

test("the date jumps when the process is told to, however it is asked for, and what is no question for it does not", async () => {
  const clock = new URL("shifted-clock.ts", import.meta.url);
  clock.searchParams.set("offsets", `${HOUR_MS},0`);
  const program = await spawnNode(PROGRAM, { nodeOptions: [`--import=${clock.href}`] });
  onTestFinished(async () => {
    await program.stop("SIGKILL");
  });
  const aheadMs = async (offset: string): Promise<readonly number[]> => {
    const { now, made, said, given, isDate }: Reading = JSON.parse(
      await program.waitForLine(new RegExp(`"at":"${offset}"`)),
    );
    expect([given, isDate]).toEqual([5, true]);
    return [now, made, said].map((date) => Math.abs(Math.round((date - Date.now()) / HOUR_MS)));
  };
  expect(await aheadMs("start")).toEqual([0, 0, 0]);
  program.signal(MOVE_SIGNAL);
  await program.waitForLine(`${MOVED} ${HOUR_MS} ms`);
  expect(await aheadMs("ahead")).toEqual([1, 1, 1]);
  program.signal(MOVE_SIGNAL);
  await program.waitForLine(`${MOVED} 0 ms`);
  expect(await aheadMs("right")).toEqual([0, 0, 0]);
});
