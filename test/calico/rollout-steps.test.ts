import t from 'tap'
import { rolloutCommands } from '../../src/calico/rollout-commands.ts'
import { type RolloutCluster, rolloutSteps } from '../../src/calico/rollout-steps.ts'
import { calicoCluster, felixObject, felixPod } from '../support/calico-clusters.ts'

const ds = 'kube-system/calico-node'
function cluster(change: Partial<RolloutCluster> = {}): RolloutCluster {
  return { ...calicoCluster(), backends: new Map(), ...change }
}
const nft = { meaning: 'NFT', removesOthers: false } as const
const backends = (old: object, now: object) =>
  new Map([
    [`${ds} old`, old],
    [`${ds} new`, now]
  ]) as RolloutCluster['backends']

t.test('one node after the other, and only of what is behind', async (t) => {
  t.strictSame(rolloutSteps(cluster()), [])
  t.equal(rolloutSteps(cluster({ newest: undefined })), undefined)
  t.equal(rolloutSteps(cluster({ pods: undefined })), undefined)
  const steps = rolloutSteps(cluster({ pods: [felixPod('b', 'old'), felixPod('a', 'old')] })) ?? []
  const commands = rolloutCommands(steps, [felixObject()])
  t.strictSame(
    commands.filter((line) => line.startsWith('kubectl delete')),
    ['kubectl delete pod -n kube-system calico-node-a', 'kubectl delete pod -n kube-system calico-node-b']
  )
  t.equal(commands[0], 'set -e')
  t.equal(commands.filter((line) => /^kubectl wait .*--for=condition=Ready/.test(line)).length, 2)
  t.strictSame(rolloutCommands([], []), [])
})

t.test('after a change of backend: drain and reboot, or flush; releases that sweep need neither', async (t) => {
  const pods = [felixPod('a', 'old')]
  const afterwards = (old: object, now: object) =>
    rolloutSteps(cluster({ pods, backends: backends(old, now) }))?.map((step) => step.afterwards)
  t.strictSame(afterwards(nft, nft), [undefined])
  t.match(afterwards({ ...nft, meaning: 'Legacy' }, nft), [
    /^a: Felix goes from Legacy to NFT: .* drain and reboot .* flush/
  ])
  t.match(afterwards({ ...nft, meaning: 'detection' }, nft), [/^a: Felix goes from detection at start to NFT: /])
  t.match(afterwards({ ...nft, meaning: 'Legacy' }, { ...nft, removesOthers: true }), [
    /removes the rules .* itself\.$/
  ])
  t.match(afterwards({ ...nft, meaning: undefined }, { ...nft, meaning: undefined }), [
    /goes from a backend that is not known/
  ])
  const steps = rolloutSteps(cluster({ pods, backends: backends({ ...nft, meaning: 'Legacy' }, nft) })) ?? []
  t.match(rolloutCommands(steps, [felixObject()]).at(-1), /^# a: Felix goes from Legacy to NFT/)
})
