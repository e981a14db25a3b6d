import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'

/** The node that is written there; undefined where an alias or a merge key leads there. */
export function nodeAt(root: Node | null, tokens: readonly string[]): Node | undefined {
  let node: Node | null | undefined = root
  for (const token of tokens) {
    if (isMap(node)) node = pairOf(node, token)?.value as Node | null | undefined
    else if (isSeq(node)) node = node.items[Number(token)] as Node | undefined
    else return undefined
  }
  return node === null || isAlias(node) ? undefined : node
}

export function pairOf(map: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.source ?? pair.key.value) === key) as
    | Pair<Node, Node | null>
    | undefined
}
