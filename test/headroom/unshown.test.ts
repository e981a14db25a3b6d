import t from 'tap'
import { NamespaceEntry, NodeEntry, PodEntry } from '../../src/headroom/entries.ts'
import { UnshownBindings } from '../../src/headroom/unshown.ts'

const [n1, n2] = [new NodeEntry('n1'), new NodeEntry('n2')]
const pod = (uid: string) => new PodEntry(uid, new NamespaceEntry('a'), undefined, 'waiting', 100, undefined)

void t.test('each pod counts once, on the node it was bound to last, until it is shown', async (t) => {
  const unshown = new UnshownBindings()
  const [a, b] = [pod('a'), pod('b')]
  unshown.add(a, n1, 100)
  unshown.add(b, n1, 50)
  unshown.add(a, n1, 100)
  t.equal(unshown.on(n1, undefined), 150)
  t.equal(unshown.on(n1, a), 50, 'the one that asks does not count against itself')
  t.equal(unshown.on(n2, a), 0)
  unshown.add(a, n2, 100)
  t.strictSame([unshown.on(n1, undefined), unshown.on(n2, undefined), unshown.on(n1, a)], [50, 100, 50])
  unshown.delete(a)
  unshown.delete(a)
  unshown.delete(b)
  t.strictSame([unshown.on(n1, undefined), unshown.on(n2, undefined)], [0, 0])
})
