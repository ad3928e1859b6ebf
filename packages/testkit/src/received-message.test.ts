import { expect, test } from "vitest";
import { messagesOfText } from "./received-message.ts";

test.each([
  ["one object", '{"type":"a"}', [{ type: "a" }]],
  ["an object with line ends in it", '{\n"type": "a"\n}', [{ type: "a" }]],
  ["an object per line", '{"n":1}\n{"n":2}\n', [{ n: 1 }, { n: 2 }]],
  ["an array", "[1,2]", [{ text: "[1,2]" }]],
  ["a number", "42", [{ text: "42" }]],
  ["null", "null", [{ text: "null" }]],
  ["plain text", "hello", [{ text: "hello" }]],
  ["objects mixed with text", '{"n":1}\nhello', [{ text: '{"n":1}\nhello' }]],
  ["nothing", "", [{ text: "" }]],
])("%s", (_name, text, messages) => {
  expect(messagesOfText(text)).toEqual(messages);
});
