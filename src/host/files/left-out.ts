import { plural } from '../../report/validate-report.ts'

/** Files that a search found and left out, for the person who asked. */
export class LeftOut {
  excluded = 0
  /** Folders of charts whose templates were passed over. */
  readonly charts = new Set<string>()
  /** Files that a kustomization names as a part of others. */
  readonly parts: string[] = []

  /** One line for each reason, with the command that has the objects. */
  notes(kustomizations: readonly string[]): string[] {
    const notes: string[] = []
    // A chart inside of another is rendered with it.
    const [chart] = [...this.charts].sort((a, b) => a.length - b.length)
    if (chart !== undefined) {
      const charts = plural(this.charts.size, 'chart has', 'charts have')
      notes.push(
        `${charts} templates that are not checked, as they are no objects; check what they make: helm template ${chart} | pidguard validate -`
      )
    }
    const [part] = this.parts
    if (part !== undefined) {
      const parts = plural(this.parts.length, 'file is a patch or part', 'files are patches or parts')
      notes.push(
        `${parts} of a kustomization and not checked, the first ${part}; check what it builds: pidguard validate -k ${kustomizations[0]}`
      )
    }
    if (this.excluded > 0) notes.push(`${plural(this.excluded, 'file or folder', 'files and folders')} excluded`)
    return notes
  }
}
