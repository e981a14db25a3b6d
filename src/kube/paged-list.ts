import { setImmediate as nextTurn } from 'node:timers/promises'
import { withoutManagedFields } from '../kubernetes/managed-fields.ts'
import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { Bytes } from '../lib/units.ts'
import type { KubeApi } from './client.ts'
import { KubeError } from './kube-error.ts'

/** As client-go's pager. */
const largestPage = 500
/**
 * The size that a page should have. JSON.parse blocks the event loop for about 5 ms per MB, so this keeps every page far
 * below the 50 ms that admission may notice, however large single objects are.
 */
const goodPage: Bytes = 2_500_000
/**
 * The same for a caller that reads a cluster once and keeps nothing: Node puts texts above 1 MiB outside of its heap
 * (EXTERN_APEX in node/src/string_bytes.cc), where garbage collection does not count them.
 */
const goodSmallPage: Bytes = 900_000
/** A page of more than this cannot be the answer to our request. */
const tooLargePage: Bytes = 256 * 1024 * 1024

/** For a list that need not be of one moment: which objects, and what to do about a page that could not be read. */
export interface PageTrouble {
  /** Whether to ask for the page again; resolves when it is time. `attempt` counts from 1 for each page. */
  again(error: KubeError, attempt: number): Promise<boolean>
  /** Only objects with these labels. */
  readonly labelSelector?: string | undefined
}

/**
 * Reads a whole collection page by page; between pages other work gets its turn. Resolves to the resourceVersion to
 * watch from. Throws KubeError; `expired` when the list took longer than the API server keeps its pages. With `trouble`
 * an expired list goes on where it was, with objects as they are by then: it is then not of one moment.
 */
export async function readPages(
  api: KubeApi,
  path: string,
  firstPage: number,
  signal: AbortSignal,
  onPage: (items: readonly unknown[], remaining: number | undefined) => void,
  trouble?: PageTrouble
): Promise<string> {
  let limit = Math.min(firstPage, largestPage)
  let next: string | undefined
  for (;;) {
    // No resourceVersion: with one, API servers before 1.31 answer from their cache and ignore the limit.
    const query = { limit, continue: next, labelSelector: trouble?.labelSelector }
    const { text, bytes } = await (trouble === undefined
      ? readText(api, path, query, signal)
      : readStubbornly(api, path, query, signal, trouble))
    const { items, metadata } = pageOf(text, path)
    const remaining = metadata['remainingItemCount']
    onPage(items, typeof remaining === 'number' ? remaining : undefined)
    const version = metadata['resourceVersion']
    next = typeof metadata['continue'] === 'string' && metadata['continue'] !== '' ? metadata['continue'] : undefined
    if (next === undefined) {
      if (typeof version === 'string') return version
      throw new KubeError('malformed', `${path}: the list has no resourceVersion`)
    }
    limit = nextLimit(items.length, bytes, trouble === undefined ? goodPage : goodSmallPage)
    await nextTurn()
  }
}

function nextLimit(items: number, bytes: Bytes, good: Bytes): number {
  const fits = Math.floor((good * items) / Math.max(bytes, 1))
  return Math.max(10, Math.min(largestPage, fits))
}

async function readStubbornly(
  api: KubeApi,
  path: string,
  query: Record<string, string | number | undefined>,
  signal: AbortSignal,
  trouble: PageTrouble
): Promise<{ text: string; bytes: Bytes }> {
  let asked = query
  for (let attempt = 1; ; attempt++) {
    try {
      return await readText(api, path, asked, signal)
    } catch (cause) {
      const error = KubeError.ofTransport(cause)
      const { failure, continueToken } = error
      // The continue token expired; the 410 answer carries a new one that continues from the current state.
      const resumes = failure === 'expired' && continueToken !== undefined && continueToken !== asked['continue']
      if (resumes) asked = { ...asked, continue: continueToken }
      else if (!(await trouble.again(error, attempt))) throw error
    }
  }
}

async function readText(
  api: KubeApi,
  path: string,
  query: Record<string, string | number | undefined>,
  signal: AbortSignal
): Promise<{ text: string; bytes: Bytes }> {
  const body = await api.open(path, { query, signal })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > tooLargePage) {
      body.destroy()
      throw new KubeError('malformed', `${path}: a page of more than ${tooLargePage} bytes`)
    }
    chunks.push(chunk)
  }
  return { text: withoutManagedFields(Buffer.concat(chunks, bytes)).toString('utf8'), bytes }
}

function pageOf(text: string, path: string): { items: readonly unknown[]; metadata: JsonRecord } {
  let page: unknown
  try {
    page = JSON.parse(text)
  } catch (cause) {
    throw new KubeError('malformed', `${path}: the list is not JSON`, { cause })
  }
  if (!isRecord(page)) throw new KubeError('malformed', `${path}: the list is no object`)
  const { items, metadata } = page
  // Go writes an empty list of items as null.
  if (items !== null && !Array.isArray(items)) throw new KubeError('malformed', `${path}: the list has no items`)
  return { items: items ?? [], metadata: isRecord(metadata) ? metadata : {} }
}
