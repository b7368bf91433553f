import { assert, DiskError, type Random } from '@moldau/kernel';
import { FileContent } from './file-content.ts';

/** A file or directory, whatever its name; several may have had the same name. */
export type TreeNode = FileNode | DirectoryNode;

export interface FileNode {
  readonly kind: 'file';
  content: FileContent;
  linked: boolean;
  openHandles: number;
}

export interface DirectoryNode {
  readonly kind: 'directory';
  /** Names as programs see them. */
  readonly entries: Map<string, TreeNode>;
  /** Names that a power loss leaves. */
  readonly durable: Map<string, TreeNode>;
}

/** A change of names that no directory sync has made durable yet. A rename is one change: atomic, over both directories. */
export type NameChange =
  | { readonly kind: 'link'; readonly directory: DirectoryNode; readonly name: string; readonly node: TreeNode }
  | { readonly kind: 'unlink'; readonly directory: DirectoryNode; readonly name: string; readonly node: TreeNode }
  | {
      readonly kind: 'rename';
      readonly from: DirectoryNode;
      readonly fromName: string;
      readonly directory: DirectoryNode;
      readonly name: string;
      readonly node: TreeNode;
    };

export interface Place {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: TreeNode | undefined;
}

/** The names of a disk, as seen and as durable. */
export class DirectoryTree {
  #root: DirectoryNode = newDirectory();
  #pending: NameChange[] = [];

  /** The node of this path; undefined when a part of it is missing. */
  find(path: string): TreeNode | undefined {
    return this.#at(splitPath(path));
  }

  #at(parts: readonly string[]): TreeNode | undefined {
    let node: TreeNode | undefined = this.#root;
    for (const part of parts) {
      if (node?.kind !== 'directory') return undefined;
      node = node.entries.get(part);
    }
    return node;
  }

  /** The parent and the last part of a path; the root has none. Throws `not-found` without a parent directory. */
  place(operation: string, path: string): Place {
    const parts = splitPath(path);
    const name = parts.pop();
    assert(name !== undefined, 'the root of a disk is not created, renamed or removed', { operation, path });
    const directory = this.#at(parts);
    if (directory?.kind !== 'directory') throw new DiskError('not-found', operation, path, { detail: 'no parent directory' });
    return { directory, name, node: directory.entries.get(name) };
  }

  makeDirectory(path: string): void {
    let directory = this.#root;
    for (const name of splitPath(path)) {
      let node = directory.entries.get(name);
      if (node === undefined) {
        node = newDirectory();
        this.link(directory, name, node);
      }
      if (node.kind !== 'directory') throw new DiskError('exists', 'makeDirectory', path, { detail: `'${name}' is a file` });
      directory = node;
    }
  }

  link(directory: DirectoryNode, name: string, node: TreeNode): void {
    directory.entries.set(name, node);
    if (node.kind === 'file') node.linked = true;
    this.#pending.push({ kind: 'link', directory, name, node });
  }

  unlink(directory: DirectoryNode, name: string, node: TreeNode): void {
    directory.entries.delete(name);
    if (node.kind === 'file') node.linked = false;
    this.#pending.push({ kind: 'unlink', directory, name, node });
  }

  rename(from: Place, to: Place, node: TreeNode): void {
    from.directory.entries.delete(from.name);
    if (to.node?.kind === 'file') to.node.linked = false;
    to.directory.entries.set(to.name, node);
    this.#pending.push({ kind: 'rename', from: from.directory, fromName: from.name, directory: to.directory, name: to.name, node });
  }

  /** The name changes that wait; a directory sync that starts now covers these. */
  waiting(): readonly NameChange[] {
    return [...this.#pending];
  }

  commit(directory: DirectoryNode, changes: readonly NameChange[]): void {
    const mine = new Set(
      changes.filter((change) => change.directory === directory || (change.kind === 'rename' && change.from === directory)),
    );
    for (const change of this.#pending) if (mine.has(change)) applyNameChange(change);
    this.#pending = this.#pending.filter((change) => !mine.has(change));
  }

  /** Paths of all files that programs see, sorted. */
  paths(): readonly string[] {
    const walk = (directory: DirectoryNode, path: string): string[] =>
      [...directory.entries].flatMap(([name, node]) => (node.kind === 'file' ? [`${path}/${name}`] : walk(node, `${path}/${name}`)));
    return walk(this.#root, '').sort();
  }

  /** All file nodes that have a name now. */
  files(): FileNode[] {
    return collectFiles(this.#root, []);
  }

  /** The tree after a power loss; this one must not be used any more. */
  afterPowerLoss(torn: Random | undefined): DirectoryTree {
    if (torn !== undefined) keepSome(this.#pending, torn);
    const tree = new DirectoryTree();
    tree.#root = rebuild(this.#root, torn);
    return tree;
  }

  /** The tree after the process was killed: nothing is lost, and still nothing more is durable. */
  afterKill(): DirectoryTree {
    const copies = new Map<TreeNode, TreeNode>();
    const tree = new DirectoryTree();
    tree.#root = copyNode(this.#root, copies) as DirectoryNode;
    tree.#pending = this.#pending.map((change) => copyChange(change, copies));
    return tree;
  }
}

export function newFile(content: FileContent = new FileContent()): FileNode {
  return { kind: 'file', content, linked: false, openHandles: 0 };
}

function newDirectory(): DirectoryNode {
  return { kind: 'directory', entries: new Map(), durable: new Map() };
}

export function splitPath(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  assert(!parts.includes('..'), 'a path on the simulated disk has no ..', { path });
  return parts;
}

function applyNameChange(change: NameChange): void {
  switch (change.kind) {
    case 'link':
      change.directory.durable.set(change.name, change.node);
      return;
    case 'unlink':
      if (change.directory.durable.get(change.name) === change.node) change.directory.durable.delete(change.name);
      return;
    case 'rename':
      if (change.from.durable.get(change.fromName) === change.node) change.from.durable.delete(change.fromName);
      change.directory.durable.set(change.name, change.node);
  }
}

/** A journalling file system keeps the first so many changes; POSIX promises no order at all, so any subset may survive too. */
function keepSome(pending: readonly NameChange[], random: Random): void {
  const ordered = random.below(2) === 0;
  const kept = random.below(pending.length + 1);
  for (const [index, change] of pending.entries()) {
    if (ordered ? index < kept : random.below(2) === 0) applyNameChange(change);
  }
}

/** A subset of renames may leave one node under two names; the first name found keeps it, as no file system makes links of renames. */
function rebuild(directory: DirectoryNode, torn: Random | undefined, seen: Set<TreeNode> = new Set()): DirectoryNode {
  const result = newDirectory();
  for (const [name, node] of directory.durable) {
    if (seen.has(node)) continue;
    seen.add(node);
    const copy = node.kind === 'file' ? newFile(new FileContent(node.content.afterPowerLoss(torn))) : rebuild(node, torn, seen);
    if (copy.kind === 'file') copy.linked = true;
    result.entries.set(name, copy);
    result.durable.set(name, copy);
  }
  return result;
}

function copyNode(node: TreeNode, copies: Map<TreeNode, TreeNode>): TreeNode {
  const known = copies.get(node);
  if (known !== undefined) return known;
  if (node.kind === 'file') {
    const file: FileNode = { kind: 'file', content: node.content.afterKill(), linked: node.linked, openHandles: 0 };
    copies.set(node, file);
    return file;
  }
  const directory = newDirectory();
  copies.set(node, directory);
  for (const [name, child] of node.entries) directory.entries.set(name, copyNode(child, copies));
  for (const [name, child] of node.durable) directory.durable.set(name, copyNode(child, copies));
  return directory;
}

function copyChange(change: NameChange, copies: Map<TreeNode, TreeNode>): NameChange {
  const directory = copyNode(change.directory, copies) as DirectoryNode;
  const node = copyNode(change.node, copies);
  if (change.kind !== 'rename') return { ...change, directory, node };
  return { ...change, from: copyNode(change.from, copies) as DirectoryNode, directory, node };
}

function collectFiles(directory: DirectoryNode, into: FileNode[]): FileNode[] {
  for (const node of directory.entries.values()) {
    if (node.kind === 'file') into.push(node);
    else collectFiles(node, into);
  }
  return into;
}
