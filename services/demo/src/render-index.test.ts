import { expect, test } from "vitest";
import { renderIndex } from "./render-index.ts";

const page = "<select><!-- nodes --></select>";

test("offers every node", () => {
  const nodes = [
    { name: "n1", url: "ws://127.0.0.1:4080/v1/ws" },
    { name: "n2", url: "ws://127.0.0.1:4081/v1/ws" },
  ];
  expect(renderIndex(page, nodes)).toBe(
    '<select><option value="1" data-url="ws://127.0.0.1:4080/v1/ws">n1</option>' +
      '<option value="2" data-url="ws://127.0.0.1:4081/v1/ws">n2</option></select>',
  );
});

test("cannot be broken out of", () => {
  const nodes = [{ name: "<b>$&", url: `ws://x/?a="&b='` }];
  expect(renderIndex(page, nodes)).toBe(
    '<select><option value="1" data-url="ws://x/?a=&#34;&#38;b=&#39;">&#60;b&#62;$&#38;</option></select>',
  );
});

test("says when the page has no place for them", () => {
  expect(() => renderIndex("<p></p>", [])).toThrow(TypeError);
});
