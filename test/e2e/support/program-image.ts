import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { missingForNode } from './node.ts'
import { lackingPrograms } from './programs.ts'

const root = resolve(import.meta.dirname, '../../..')

export interface ProgramImage {
  readonly archive: string
  /** Bytes, unpacked, beside those of the Node base. */
  readonly added: number
}

/** What is missing to build the image and run it on a real node, in words; undefined when nothing is. */
export function missingForImage(env: NodeJS.ProcessEnv): string | undefined {
  const lacking = lackingPrograms(['buildah', 'busybox'], env)
  return missingForNode(env) ?? (lacking.length > 0 ? `no ${lacking.join(', ')}` : undefined)
}

/** Builds the Dockerfile, on a stand-in where its base cannot be pulled. Takes half a minute or more. */
export async function buildImage(folder: string): Promise<ProgramImage> {
  const archive = join(folder, 'pidguard.tar')
  const { stdout } = await promisify(execFile)(join(root, 'test/image/build'), [archive], { timeout: 900_000 })
  const [, added] = /^added: (\d+)$/m.exec(stdout) ?? []
  if (added === undefined) throw new Error(`test/image/build does not say what it built:\n${stdout}`)
  return { archive, added: Number(added) }
}
