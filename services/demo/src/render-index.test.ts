import { expect, test } from "vitest";
import { renderIndex } from "./render-index.ts";

const page = "<select><!-- nodes --></select>";

test("offers every node", () => {
  const nodes = [
    { name: "n1", url: "http://127.0.0.1:4080" },
    { name: "n2", url: "http://127.0.0.1:4081" },
  ];
  expect(renderIndex(page, nodes)).toBe(
    '<select><option value="1" data-url="http://127.0.0.1:4080">n1</option>' +
      '<option value="2" data-url="http://127.0.0.1:4081">n2</option></select>',
  );
});

test("cannot be broken out of", () => {
  const nodes = [{ name: "<b>$&", url: `http://x/?a="&b='` }];
  expect(renderIndex(page, nodes)).toBe(
    '<select><option value="1" data-url="http://x/?a=&#34;&#38;b=&#39;">&#60;b&#62;$&#38;</option></select>',
  );
});

test("says when the page has no place for them", () => {
  expect(() => renderIndex("<p></p>", [])).toThrow(TypeError);
});
