import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const call = ['audit', '--snapshot', 'manifests/examples/snapshot.yaml']

/** Sizes in pixels of one character and one line of a monospace font of 13 px. */
const wide = 7.8
const high = 18
const margin = 16

/** The head of an audit of the example snapshot, as an SVG of a terminal that follows the light or dark of its page. */
export function renderReportPicture(): string {
  const lines = [`$ pidguard ${call.join(' ')}`, ...headOf(reportOfExample())]
  const columns = Math.max(...lines.map(({ length }) => length))
  const [width, height] = [Math.ceil(columns * wide) + 2 * margin, lines.length * high + 2 * margin]
  const rows = lines.map((line, i) => {
    const y = margin + (i + 0.75) * high
    return line === '' ? '' : `  <text x="${margin}" y="${y}" class="${lookOf(line, i)}">${escaped(line)}</text>\n`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="An audit of the example snapshot">
  <!-- Made by npm run docs. -->
  <style>
    rect { fill: #ffffff; stroke: #d0d7de }
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; fill: #1f2328 }
    .worst { fill: #b3261e; font-weight: 600 }
    .head { font-weight: 600 }
    .quiet { fill: #59636e }
    @media (prefers-color-scheme: dark) {
      rect { fill: #0d1117; stroke: #3d444d }
      text { fill: #e6edf3 }
      .worst { fill: #ff8a80 }
      .quiet { fill: #9198a1 }
    }
  </style>
  <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
${rows.join('')}</svg>
`
}

/** What the program itself prints. */
function reportOfExample(): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', 'src/main.ts', ...call], {
    cwd: root,
    encoding: 'utf8'
  })
  // There are findings in the example.
  if (status !== 1) throw new Error(`pidguard ${call.join(' ')}: expected exit code 1, found ${status}: ${stderr}`)
  return stdout
}

/** Up to the table of the fullest nodes: the verdict, and what to do first. */
function headOf(report: string): string[] {
  const lines = report.split('\n')
  const table = lines.indexOf('Fullest nodes')
  const end = lines.indexOf('', table)
  if (table < 0 || end < 0) throw new Error('the report has no table "Fullest nodes"')
  return lines.slice(0, end)
}

function lookOf(line: string, at: number): string {
  if (at === 0) return 'quiet'
  if (at <= 2) return 'worst'
  return line === 'What to do first' || line === 'Fullest nodes' ? 'head' : 'plain'
}

function escaped(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
