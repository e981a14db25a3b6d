import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makesTokenSecrets, settingsFor, versionOf } from '../e2e/support/versions.ts'

/** kube-apiserver v1.24 to v1.37 end at a flag or a feature gate that they do not know. */
const current = [30, 31, 32, 33, 34, 35, 36, 37]
const program = join(t.testdir(), 'kube-apiserver')

function answering(text: string): string {
  writeFileSync(program, `#!/bin/sh\necho '${text}'\n`)
  chmodSync(program, 0o755)
  return program
}

void t.test('a program says its version; what says something else is no program of Kubernetes', async (t) => {
  t.strictSame(versionOf(answering('Kubernetes v1.37.2')), { text: 'v1.37.2', minor: 37 })
  t.strictSame(versionOf(answering('Kubernetes v1.20.2-1+deb')), { text: 'v1.20.2-1+deb', minor: 20 })
  t.throws(() => versionOf(answering('etcd Version: 3.7.3')), /expected "Kubernetes v1\.…", found "etcd/)
})

void t.test('flags and gates of old versions stay out of the current ones', async (t) => {
  for (const minor of current) {
    const version = { text: `v1.${minor}.0`, minor }
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'] as const) {
      t.strictSame(settingsFor(name, version).flags, {}, `${name} v1.${minor}`)
    }
    t.equal(makesTokenSecrets(version), false)
  }
})

void t.test('the oldest gets what was not on by default, and what has no default there', async (t) => {
  const version = { text: 'v1.20.2', minor: 20 }
  const gates = { 'feature-gates': 'EphemeralContainers=true,BoundServiceAccountTokenVolume=true' }
  t.strictSame(settingsFor('kube-apiserver', version).flags, gates)
  t.strictSame(settingsFor('kube-controller-manager', version).flags, { ...gates, port: 0 })
  t.strictSame(settingsFor('kube-scheduler', version).flags, { port: 0 })
  t.strictSame(settingsFor('kubelet', version), { flags: { 'container-runtime': 'remote' }, config: {} })
  t.equal(makesTokenSecrets(version), true)
})

void t.test('a kubelet gets a field of its configuration from the first version that knows it', async (t) => {
  t.strictSame(settingsFor('kubelet', { text: 'v1.30.0', minor: 30 }).config, {})
  t.strictSame(settingsFor('kubelet', { text: 'v1.31.0', minor: 31 }).config, { failCgroupV1: false })
})

void t.test('a feature is turned on where it is asked for and there, and nowhere else', async (t) => {
  const has = (minor: number, features?: readonly 'gangs'[]) =>
    settingsFor('kube-apiserver', { text: '', minor }, features).flags['feature-gates']
  t.equal(has(37, ['gangs']), 'GenericWorkload=true')
  t.equal(has(37), undefined)
  t.equal(has(34, ['gangs']), undefined)
})
