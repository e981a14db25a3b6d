import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name?: string }
  readonly spec?: unknown
}

export interface ManifestDocument {
  readonly manifest: Manifest
  readonly text: string
}

/** Real manifests from elsewhere, not part of this repository; undefined where they are not at hand. */
export function corpusFolder(): string | undefined {
  const folder = resolve(process.env.PIDGUARD_CORPUS ?? join(import.meta.dirname, '../../../../shared/corpus'))
  return existsSync(folder) ? folder : undefined
}

/** The documents of one file, in their order; a List counts as its items. */
export function manifestDocuments(file: string): ManifestDocument[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
    const value: { items?: Manifest[] } & Manifest = document.toJS()
    if (value === null) return []
    if (value.kind === 'List')
      return (value.items ?? []).map((item) => ({ manifest: item, text: JSON.stringify(item) }))
    return [{ manifest: value, text: document.toString() }]
  })
}
