import type { Headroom } from '../../headroom/assess/headroom.ts'
import type { Ledger } from '../../headroom/ledger/ledger.ts'
import type { Reservation } from '../../headroom/reservation.ts'

/**
 * Counts what the guard has counted, just as it did: it decides whom it believes, and says only that. What the watch has shown already
 * changes nothing. A pod that is gone again when its line comes late is counted for `assumedTime`, as one that was never stored.
 */
export function takeReservation(
  reservation: Reservation,
  ledger: Pick<Ledger, 'assume' | 'confirm'>,
  headroom: Pick<Headroom, 'placementOf'>
): void {
  if ('bound' in reservation) {
    ledger.confirm(reservation.bound.uid, reservation.bound.node)
    return
  }
  const { podSpec, ...admitted } = reservation.admitted
  ledger.assume({ ...admitted, placement: headroom.placementOf(podSpec) })
}
