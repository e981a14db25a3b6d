import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'

export interface ManifestDocument {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly text: string
}

/** Real manifests from elsewhere, not part of this repository; undefined where they are not at hand. */
export function corpusFolder(): string | undefined {
  const folder = process.env.PIDGUARD_CORPUS ?? resolve(import.meta.dirname, '../../../../shared/corpus')
  return existsSync(folder) ? folder : undefined
}

/** The documents of one file, each also as the text it had there. */
export function manifestDocuments(folder: string, file: string): ManifestDocument[] {
  return parseAllDocuments(readFileSync(join(folder, file), 'utf8')).flatMap((document) => {
    const value = document.toJS()
    return value === null ? [] : [{ ...value, text: document.toString() }]
  })
}
