import t from 'tap'
import * as v from '../../src/policy/setting-values.ts'

const hour = 3_600_000
const day = (text: string) => Date.parse(`${text}T00:00:00Z`)

const cases: readonly {
  read: (value: never) => unknown
  takes: readonly [unknown, unknown][]
  refuses: readonly unknown[]
}[] = [
  {
    read: v.readPids,
    takes: [
      [1, 1],
      [4_194_304, 4_194_304]
    ],
    refuses: [0, 4_194_305, -1, 1.5, '1', null, undefined, Number.NaN, true, [], {}]
  },
  {
    read: v.readPidsOrNone,
    takes: [
      [7, 7],
      ['none', 'none']
    ],
    refuses: ['None', 0]
  },
  {
    read: v.readPidsText,
    takes: [
      ['1', 1],
      ['4194304', 4_194_304]
    ],
    refuses: ['0', '4194305', '', ' 1', '1e3', '-1', '0x1', '12345678']
  },
  {
    read: v.readPriority,
    takes: [
      [1, 1],
      [2_147_483_647, 2_147_483_647]
    ],
    refuses: [0, -1, 1.5, 2_147_483_648, '1', null, undefined, Number.NaN]
  },
  {
    read: v.readShare,
    takes: [
      ['0%', 0],
      ['100%', 1],
      ['2.5%', 0.025],
      ['25%', 0.25]
    ],
    refuses: ['101%', '100.001%', '-1%', '25', '%', '1.2345%', 25, undefined]
  },
  {
    read: v.readFloor,
    takes: [
      ['10%', { share: 0.1 }],
      ['99.999%', { share: 0.99999 }],
      [0, { pids: 0 }],
      [4_194_304, { pids: 4_194_304 }]
    ],
    refuses: ['100%', 4_194_305, -1, 0.5, '500', null]
  },
  {
    read: v.readFloorText,
    takes: [
      ['10%', { share: 0.1 }],
      ['500', { pids: 500 }]
    ],
    refuses: ['4194305', '', 'x', '-1']
  },
  {
    read: v.readMaxAge,
    takes: [
      ['1s', 1000],
      ['1000ms', 1000],
      ['60s', 60_000],
      ['1m30s', 90_000],
      ['1.5m', 90_000],
      ['1h', hour]
    ],
    refuses: ['999ms', '1h1ms', '60', 60, '', 's', '-1s', '1d', ' 1s', '1s '.repeat(40), '1s'.repeat(40)]
  },
  {
    read: v.readRequest,
    takes: [
      ['10m', '10m'],
      [1, '1'],
      [0.5, '0.5'],
      ['1n', '1n']
    ],
    refuses: ['0', 0, '-1', '.', '1ki', '', null, true, `0.${'0'.repeat(40)}1`, Number.NaN]
  },
  {
    read: v.readExpiry,
    takes: [
      ['2027-01-31', day('2027-02-01')],
      ['2028-02-29', day('2028-03-01')],
      ['2027-01-31T12:00:00Z', day('2027-01-31') + 12 * hour],
      ['2027-01-31T12:00:00.5+02:00', day('2027-01-31') + 10 * hour + 500]
    ],
    refuses: [
      '2027-02-29',
      '2027-13-01',
      '2027-1-1',
      '31.01.2027',
      '2027-01-31T25:00:00Z',
      '2027-01-31T12:00',
      2027,
      ''
    ]
  },
  {
    read: v.readBackend,
    takes: [
      ['Legacy', 'Legacy'],
      ['legacy', 'Legacy'],
      ['nFT', 'NFT']
    ],
    refuses: ['Auto', 'nf_tables', '', 1]
  }
]
for (const { read, takes, refuses } of cases) {
  t.test(read.name, async (t) => {
    for (const [value, want] of takes) t.strictSame(read(value as never), want, `takes ${JSON.stringify(value)}`)
    for (const value of refuses) t.equal(read(value as never), undefined, `refuses ${JSON.stringify(value)}`)
  })
}
