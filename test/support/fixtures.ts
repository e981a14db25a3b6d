import { readdirSync, readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { felixNode } from './calico-clusters.ts'
import { fleetOf } from './headroom.ts'
import type { World } from './judge.ts'
import { nodeState } from './nodes.ts'

/** `fixed` is what the rule's fix makes of the `fail` or `pass` fixture of the same name. */
type Claim = 'pass' | 'fail' | 'fixed'

/** One file of test/fixtures/rules; its README tells how to write one. */
export interface Fixture {
  readonly ruleId: string
  readonly claim: Claim
  /** Of the name, what stands between the claim and the ending. */
  readonly what: string
  readonly file: string
  readonly documents: readonly JsonRecord[]
  /** What the comments at its top say. */
  readonly world: World
}

const folder = new URL('../fixtures/rules/', import.meta.url)

/** Every fixture of every rule, in the order of their names. Throws for a file that is none. */
export function readFixtures(): Fixture[] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders
    .map(({ name }) => name)
    .sort()
    .flatMap((ruleId) =>
      readdirSync(new URL(`${ruleId}/`, folder))
        .sort()
        .map((name) => readFixture(ruleId, name))
    )
}

/** Kinds that only exist as a subresource of another. */
const subresources: Readonly<Record<string, string>> = { Binding: 'binding', Scale: 'scale' }

function readFixture(ruleId: string, name: string): Fixture {
  const file = `${ruleId}/${name}`
  const [, claim, what] = /^(pass|fail|fixed)\.([a-z0-9-]+)\.yaml$/.exec(name) ?? []
  if (claim === undefined || what === undefined) throw new Error(`${file}: not named like a fixture`)
  const text = readFileSync(new URL(file, folder), 'utf8')
  const parsed = parseAllDocuments(text)
  const documents = parsed.map((document) => {
    for (const error of document.errors) throw new Error(`${file}: ${error.message}`)
    return document.toJS() as JsonRecord
  })
  const said = (key: string) => new RegExp(`^# ${key}: (.*)$`, 'm').exec(text)?.[1]
  const [settings, limitRanges, headroom] = [said('settings'), said('limitRanges'), said('headroom')]
  const [node, configurations, revisions] = [said('node'), said('felixConfigurations'), said('felixRevisions')]
  const felix = said('felixNode')
  const world: World = {
    ...(settings !== undefined && { settings: JSON.parse(settings) }),
    facts: {
      ...(limitRanges !== undefined && { limitRanges: JSON.parse(limitRanges) }),
      ...(headroom !== undefined && { headroom: fleetOf(JSON.parse(headroom)).headroom }),
      ...(node !== undefined && { node: nodeState(JSON.parse(node)) }),
      ...(configurations !== undefined && { felixConfigurations: JSON.parse(configurations) }),
      ...(felix !== undefined && { felixNode: felixNode(JSON.parse(felix)) }),
      ...(revisions !== undefined && { felixRevisions: JSON.parse(revisions) })
    },
    // As written by the kubelet where it is a mirror pod; no other fixture cares who asks.
    request: { userName: 'system:node:fixture', subResource: subresources[String(documents[0]?.['kind'])] ?? '' }
  }
  return { ruleId, claim: claim as Claim, what, file, documents, world }
}
