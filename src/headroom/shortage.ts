import type { Finding } from '../model/finding.ts'
import type { Settings } from '../policy/settings.ts'
import { floorOfNewPods } from './ceiling-account.ts'
import { auditFull, remedyField, sayFull, sayUnknown, sayWhence, tooLongToCheck } from './denial-text.ts'
import type { Estimate } from './estimate.ts'
import { type GroupNeed, sayGroup } from './group-need.ts'
import type { Demand, HeadroomView } from './headroom-view.ts'

/** A demand as a rule has it; the settings of the namespace say the rest. */
export type Asked = Omit<Demand, 'floor' | 'maxAge' | 'isolation' | 'isCheckedAgain'> & {
  readonly estimate?: Estimate | undefined
  readonly need?: GroupNeed
}

interface Context {
  readonly settings: Settings
  readonly headroom: Pick<HeadroomView, 'assess'>
}

/** What to say where the pods find no room, or where that is not known; nothing where they find it. */
export function shortageOf(
  pointer: string,
  reason: string,
  { settings, headroom }: Context,
  namespace: string,
  { estimate, need, ...demand }: Asked
): Finding[] {
  const { maxAge, claimShare: share, taintNodes: isCheckedAgain } = settings.headroom
  const floor = floorOfNewPods(settings.headroom.floor, settings.headroom)
  const { pids, pods, placement } = demand
  if (placement.isTooLong && pods > 0) return [{ pointer, ...tooLongToCheck }]
  const assessment = headroom.assess({ ...demand, floor, maxAge, isolation: { namespace, share }, isCheckedAgain })
  switch (assessment.verdict) {
    case 'fits':
    case 'nowhere':
      return []
    case 'unknown':
      return [{ pointer, reason: 'headroom not known', detail: sayUnknown(assessment), advisory: true }]
    case 'full':
      return [
        {
          pointer,
          reason,
          detail: `${sayFull(assessment, pids, pods)}${need === undefined ? '' : sayGroup(need)}${estimate === undefined ? '' : sayWhence(estimate)}`,
          audit: auditFull(assessment, pids, pods),
          account: assessment.accounts,
          ...remedyField(estimate)
        }
      ]
  }
}
