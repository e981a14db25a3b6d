/**
 * `33%` of a share from 0, rounded down: a value below a threshold is never shown as having reached it. More than nothing
 * is never shown as `0%`.
 */
export function percentText(share: number): string {
  // 0.29 * 100 is 28.999999999999996 in floating point.
  const whole = Math.floor(share * 100 + 1e-9)
  return share > 0 && whole === 0 ? '<1%' : `${whole}%`
}
