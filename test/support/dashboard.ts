import type { Dashboard, DataSourceRef, FieldConfigSource, Panel, RowPanel } from '@grafana/schema'
import { type PanelSpec, type RowSpec, rows } from './dashboard-panels.ts'

/** Where the component takes it from. */
export const dashboardPath = 'manifests/components/monitoring/dashboard.json'

const datasource: DataSourceRef = { type: 'prometheus', uid: '$datasource' }

/** The dashboard as Grafana imports it, in the classic model, which every version reads. */
export function renderDashboard(): string {
  return `${JSON.stringify(dashboard(), null, 2)}\n`
}

export function dashboard(): Dashboard {
  return {
    title: 'pidguard',
    uid: 'pidguard',
    description: 'PIDs of nodes, what pidguard lets in, what audits find, and whether it is well.',
    tags: ['pidguard', 'kubernetes'],
    // Grafana 9's; later ones carry it over by themselves.
    schemaVersion: 36,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
        {
          name: 'namespace',
          label: 'Installation',
          description: 'The namespace that pidguard runs in.',
          type: 'query',
          datasource,
          query: { query: 'label_values(pidguard_policy_generation, namespace)', refId: 'namespace' },
          refresh: 2,
          sort: 1,
          includeAll: true,
          allValue: '.*',
          multi: true,
          current: { text: 'All', value: '$__all' }
        }
      ]
    },
    panels: placed(rows)
  }
}

const columns = 24
const heights = { stat: 4, table: 8, timeseries: 8 } as const

/** Every row's title and its panels, from the left to the right and then below. */
function placed(specs: readonly RowSpec[]): (Panel | RowPanel)[] {
  let y = 0
  return specs.flatMap((row, at) => {
    const id = (at + 1) * 100
    const gridPos = { x: 0, y, w: columns, h: 1 }
    const title: RowPanel = { id, type: 'row', title: row.title, collapsed: false, panels: [], gridPos }
    const panels: Panel[] = []
    let [x, high] = [0, 1]
    for (const spec of row.panels) {
      if (x === 0 || x + spec.width > columns) {
        x = 0
        y += high
        high = 0
      }
      const place = { x, y, w: spec.width, h: heights[spec.type] }
      panels.push({ id: id + panels.length + 1, gridPos: place, ...panelOf(spec) })
      x += spec.width
      high = Math.max(high, place.h)
    }
    y += high
    return [title, ...panels]
  })
}

function panelOf(spec: PanelSpec): Panel {
  const { title, description, type, queries } = spec
  const isNow = type !== 'timeseries'
  return {
    type,
    title,
    description,
    datasource,
    fieldConfig: fieldsOf(spec),
    options: optionsOf(spec),
    targets: queries.map(([expr, legendFormat], index) => ({
      datasource,
      refId: refId(index),
      expr,
      ...(isNow
        ? { instant: true, range: false, format: type === 'table' ? 'table' : 'time_series' }
        : { legendFormat, range: true })
    })),
    ...(type === 'table' ? { transformations: columnsOf(spec) } : {})
  }
}

function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index)
}

function fieldsOf({ type, unit, limits, stacked }: PanelSpec): FieldConfigSource {
  const custom =
    type === 'timeseries'
      ? {
          fillOpacity: stacked ? 30 : 0,
          showPoints: 'never',
          stacking: { mode: stacked ? 'normal' : 'none' },
          thresholdsStyle: { mode: limits === undefined ? 'off' : 'dashed' }
        }
      : {}
  return {
    defaults: { unit, custom, ...(limits === undefined ? {} : { thresholds: thresholdsOf(limits) }) },
    overrides: []
  }
}

type Thresholds = NonNullable<FieldConfigSource['defaults']['thresholds']>

function thresholdsOf([warning, critical]: readonly [number, number]): Thresholds {
  const steps =
    critical > warning
      ? [
          { color: 'green', value: null },
          { color: 'yellow', value: warning },
          { color: 'red', value: critical }
        ]
      : [
          { color: 'red', value: null },
          { color: 'yellow', value: critical },
          { color: 'green', value: warning }
        ]
  // The enumeration is a name of Grafana's types for this word.
  return { mode: 'absolute' as Thresholds['mode'], steps }
}

function optionsOf({ type, limits }: PanelSpec): NonNullable<Panel['options']> {
  if (type === 'stat') {
    const colorMode = limits === undefined ? 'none' : 'value'
    return { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode, graphMode: 'none' }
  }
  if (type === 'table') return { showHeader: true, cellHeight: 'sm' }
  return {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' }
  }
}

/** One row for each set of labels, and a column for each query by its own name. */
function columnsOf({ queries }: PanelSpec): NonNullable<Panel['transformations']> {
  const single = queries.length === 1
  const renameByName = Object.fromEntries(
    queries.map(([, name], index) => [single ? 'Value' : `Value #${refId(index)}`, name])
  )
  return [
    { id: 'merge', options: {} },
    { id: 'organize', options: { excludeByName: { Time: true, __name__: true }, indexByName: {}, renameByName } }
  ]
}
