import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { quietly } from './quietly.ts'

// What a kubelet and its runtime leave behind outside of their folders when they are ended without notice.

/** The name of the network namespace that a sandbox has to itself; nothing for other containers. */
export function networkOf(containerInfo: () => string): string[] {
  try {
    const { Spec } = JSON.parse(containerInfo()) as {
      Spec: { linux: { namespaces: { type: string; path?: string }[] } }
    }
    return Spec.linux.namespaces.flatMap(({ type, path }) =>
      type === 'network' && path?.includes('/netns/') === true ? [basename(path)] : []
    )
  } catch {
    return []
  }
}

/** The veth pair goes with its namespace, and the routes with that. */
export function removeNetworks(names: Iterable<string>, containers: Iterable<string>): void {
  for (const name of names) quietly(() => execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' }))
  for (const id of containers) rmSync(`/var/lib/cni/results/pods-${id}-eth0`, { force: true })
}

const podLogs = '/var/log/pods'
const containerLogs = '/var/log/containers'

/** What the pods have written that this kubelet tells of in its own log. */
export function removeLogs(kubeletLog: string): void {
  const told = readFileSync(kubeletLog, 'utf8')
  const own = namesIn(podLogs).filter((name) => told.includes(name.slice(name.lastIndexOf('_') + 1)))
  for (const link of namesIn(containerLogs).map((name) => join(containerLogs, name))) {
    quietly(() => own.some((name) => readlinkSync(link).includes(`/${name}/`)) && rmSync(link))
  }
  for (const name of own) rmSync(join(podLogs, name), { recursive: true, force: true })
}

export function removeCgroup(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(folder, entry.name))
  }
  quietly(() => rmdirSync(folder))
}

export function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${folder}/`))
  for (const mount of mounts.sort().reverse()) quietly(() => execFileSync('umount', [mount]))
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
