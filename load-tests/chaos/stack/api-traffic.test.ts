import { expect, test } from "vitest";
import { kindOf, readsOf } from "./api-traffic.ts";

test.each([
  ["$JS.API.DIRECT.GET.rt_chat", "DIRECT.GET"],
  ["$JS.API.DIRECT.GET.rt_chat.rt.chat.LOBBY", "DIRECT.GET"],
  ["$JS.API.STREAM.INFO.rt_chat", "STREAM.INFO"],
  ["$JS.API.STREAM.MSG.GET.rt_chat", "STREAM.MSG.GET"],
  ["$JS.API.INFO", "INFO"],
])("%s asks for %s", (subject, kind) => {
  expect(kindOf(subject)).toBe(kind);
});

test("reads are told from the rest", () => {
  expect(readsOf({ "DIRECT.GET": 3, "STREAM.INFO": 2, "STREAM.UPDATE": 7 })).toBe(5);
});
