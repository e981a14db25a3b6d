// Run as a program, writes test/golden/manifests: what kubectl makes of the overlays, and of each component.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { projectFolder } from './sources.ts'

/** Folders that kustomize reads, by the name of their golden file. */
export const kustomizations: Readonly<Record<string, string>> = {
  ...folders('manifests/overlays'),
  ...folders('test/fixtures/kustomize')
}

export interface Rendered extends JsonRecord {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

/** The objects, by `Kind/name`. */
export function objectsOf(text: string): ReadonlyMap<string, Rendered> {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Rendered)
  return new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]))
}

/** undefined where there is no kubectl, or one older than v1.27, whose kustomize (before v5) reads less. */
export function render(folder: string): string | undefined {
  if (!hasKustomize) return undefined
  return execFileSync('kubectl', ['kustomize', join(projectFolder, folder)], { encoding: 'utf8' })
}

export function goldenOf(name: string): string {
  return readFileSync(goldenPath(name), 'utf8')
}

const hasKustomize = /^Kustomize Version: v([5-9]|\d\d)\./m.test(kubectlVersion())

function kubectlVersion(): string {
  try {
    return execFileSync('kubectl', ['version', '--client'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}

function folders(place: string): Record<string, string> {
  return Object.fromEntries(readdirSync(join(projectFolder, place)).map((name) => [name, `${place}/${name}`]))
}

function goldenPath(name: string): string {
  return join(projectFolder, 'test/golden/manifests', `${name}.yaml`)
}

if (import.meta.main) {
  for (const [name, folder] of Object.entries(kustomizations)) {
    const text = render(folder)
    if (text === undefined) throw new Error('expected a kubectl of v1.27 or newer on PATH')
    writeFileSync(goldenPath(name), text)
  }
}
