/** `32,768`, the same in every locale. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A span of milliseconds, as coarse as a person needs it: `90s`, `5m`, `3h`, `6d`, in `top` and in reports alike. */
export function span(millis: number): string {
  const seconds = Math.round(millis / 1000)
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}h`
  return `${Math.round(seconds / 86_400)}d`
}

/** `1 node`, `5,000 nodes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}
