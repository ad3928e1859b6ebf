/** Things that have dotted paths, arranged by the parts of these. */
export type PathTree<T> =
  | { readonly kind: "leaf"; readonly value: T }
  | { readonly kind: "group"; readonly children: Map<string, PathTree<T>> };

/** Builds the tree. No path may lie inside another; `defineSettings` has made sure. */
export function treeOf<T>(entries: Iterable<readonly [path: string, value: T]>): PathTree<T> {
  const root: PathTree<T> = { kind: "group", children: new Map() };
  for (const [path, value] of entries) {
    const parts = path.split(".");
    const name = parts.pop() ?? path;
    let children = root.children;
    for (const part of parts) {
      const existing = children.get(part);
      if (existing?.kind === "group") {
        children = existing.children;
        continue;
      }
      const group = { kind: "group", children: new Map<string, PathTree<T>>() } as const;
      children.set(part, group);
      children = group.children;
    }
    children.set(name, { kind: "leaf", value });
  }
  return root;
}

/** The tree as a plain object: `{ limits: { frameBytes: 65536 } }`. */
export function objectOf(tree: PathTree<unknown>): unknown {
  if (tree.kind === "leaf") return tree.value;
  return Object.fromEntries([...tree.children].map(([name, child]) => [name, objectOf(child)]));
}
