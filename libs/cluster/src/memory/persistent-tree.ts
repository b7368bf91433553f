/**
 * An ordered map whose old versions stay readable: a treap with path copying. A change copies O(log n) nodes and shares the
 * rest, so a store can keep the root of each revision. A node's priority is a hash of its key, so the shape depends on the
 * keys alone and not on the order of changes.
 */
export interface TreeNode<Value> {
  readonly key: string;
  readonly value: Value;
  readonly priority: number;
  readonly left: Tree<Value>;
  readonly right: Tree<Value>;
}

/** Undefined is the empty tree. */
export type Tree<Value> = TreeNode<Value> | undefined;

export function treeGet<Value>(tree: Tree<Value>, key: string): Value | undefined {
  let node = tree;
  while (node !== undefined && node.key !== key) node = key < node.key ? node.left : node.right;
  return node?.value;
}

/** The tree with this value under the key. */
export function treePut<Value>(tree: Tree<Value>, key: string, value: Value): TreeNode<Value> {
  return insert(tree, key, value, priorityOf(key));
}

/** The tree without the key. */
export function treeRemove<Value>(tree: Tree<Value>, key: string): Tree<Value> {
  if (tree === undefined) return undefined;
  if (key === tree.key) return join(tree.left, tree.right);
  if (key < tree.key) {
    const left = treeRemove(tree.left, key);
    return left === tree.left ? tree : { ...tree, left };
  }
  const right = treeRemove(tree.right, key);
  return right === tree.right ? tree : { ...tree, right };
}

/** Values with keys ≥ `from` in the order of their keys, while `take` answers true. */
export function treeScan<Value>(tree: Tree<Value>, from: string, take: (key: string, value: Value) => boolean): void {
  const path: TreeNode<Value>[] = [];
  let node = tree;
  while (node !== undefined) {
    if (node.key >= from) {
      path.push(node);
      node = node.left;
    } else {
      node = node.right;
    }
  }
  for (let next = path.pop(); next !== undefined; next = path.pop()) {
    if (!take(next.key, next.value)) return;
    for (let child = next.right; child !== undefined; child = child.left) path.push(child);
  }
}

function insert<Value>(tree: Tree<Value>, key: string, value: Value, priority: number): TreeNode<Value> {
  if (tree === undefined) return { key, value, priority, left: undefined, right: undefined };
  if (key === tree.key) return { ...tree, value };
  if (key < tree.key) {
    const left = insert(tree.left, key, value, priority);
    if (left.priority <= tree.priority) return { ...tree, left };
    return { ...left, right: { ...tree, left: left.right } };
  }
  const right = insert(tree.right, key, value, priority);
  if (right.priority <= tree.priority) return { ...tree, right };
  return { ...right, left: { ...tree, right: right.left } };
}

/** All keys of `left` are below all keys of `right`. */
function join<Value>(left: Tree<Value>, right: Tree<Value>): Tree<Value> {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.priority >= right.priority) return { ...left, right: join(left.right, right) };
  return { ...right, left: join(left, right.left) };
}

/** FNV-1a with a final mix, so that keys that differ in their last digits get unrelated priorities. */
function priorityOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
