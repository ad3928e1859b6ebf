import type { GatewayNode } from "./gateway-node.ts";

const PLACE = "<!-- nodes -->";

/**
 * Puts the nodes to choose from into the page, so that it has them before its first line of script runs.
 *
 * @throws TypeError if the page has no place for them.
 */
export function renderIndex(html: string, nodes: readonly GatewayNode[]): string {
  const options = nodes.map(
    ({ name, url }, index) =>
      `<option value="${index + 1}" data-url="${escapeHtml(url)}">${escapeHtml(name)}</option>`,
  );
  if (!html.includes(PLACE)) {
    throw new TypeError(`the page has no ${PLACE}`);
  }
  return html.replace(PLACE, () => options.join(""));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
