import { expect, test } from "vitest";
import { kindOf, readsOf } from "./api-traffic.ts";

test.each([
  ["$JS.API.DIRECT.GET.rt_chat", "DIRECT.GET"],
  ["$JS.API.DIRECT.GET.rt_chat.rt.chat.LOBBY", "DIRECT.GET"],
  ["$JS.API.DIRECT.GET.rt_chat", "DIRECT.GET.HEADS", '{"multi_last":["rt.chat.a"],"batch":1024}'],
  ["$JS.API.STREAM.INFO.rt_chat", "STREAM.INFO"],
  ["$JS.API.STREAM.MSG.GET.rt_chat", "STREAM.MSG.GET"],
  ["$JS.API.INFO", "INFO"],
])("%s asks for %s", (subject, kind, payload = "") => {
  expect(kindOf(subject, payload)).toBe(kind);
});

test("reads are told from the rest", () => {
  const requests = { "DIRECT.GET": 3, "DIRECT.GET.HEADS": 1, "STREAM.INFO": 2, "STREAM.UPDATE": 7 };
  expect(readsOf(requests)).toEqual({ messages: 3, inquiries: 3 });
});
