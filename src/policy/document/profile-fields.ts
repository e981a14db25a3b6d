import type { Selector } from '../../kubernetes/label-selector.ts'
import { runtimes } from '../../kubernetes/language-runtimes.ts'
import type { Pids } from '../../lib/units.ts'
import type { Profile } from '../settings.ts'
import * as f from './field-types.ts'
import { changed, fields, listOf, oneOf, optional, required, withJson } from './fields.ts'

/** One profile of `spec.pids.profiles`. */
export function profileFields() {
  const match = withJson(
    fields({
      images: optional(listOf(f.imagePattern()), 'Patterns; one of them must match the image of one container.'),
      selector: optional(f.selector(), 'Labels of the pod.')
    }),
    { minProperties: 1 }
  )
  const threadCap = fields({
    runtime: required(oneOf(runtimes), 'The language runtime of these pods.'),
    threads: required(f.pids(), 'The thread cap they should set.')
  })
  return changed(
    fields({
      name: required(f.name(), 'Names the profile in messages; unique in its list.'),
      match: required(match, 'Which pods; every part that is given must match.'),
      estimate: optional(f.pids(), 'Tasks counted for such a pod.'),
      limit: optional(f.pids(), 'The task limit that such a pod is annotated with.'),
      threadCap: optional(threadCap, 'The cap that runtime-thread-cap expects on such a pod.')
    }),
    profileOf
  )
}

interface WrittenProfile {
  readonly name: string
  readonly match: { readonly images?: readonly string[] | undefined; readonly selector?: Selector | undefined }
  readonly estimate?: Pids | undefined
  readonly limit?: Pids | undefined
  readonly threadCap?: Profile['threadCap']
}

function profileOf({ name, match, estimate, limit, threadCap }: WrittenProfile): Profile {
  return { name, match: { images: match.images ?? [], selector: match.selector }, estimate, limit, threadCap }
}
