import type { AuthenticodeBenchOptions, AuthenticodeFigure } from './authenticode.ts'
import { withFolder } from './folder.ts'

/** One line of the table. */
export type Row = {
  readonly work: string
  /** What we reach, with its unit. */
  readonly ours: string
  /** What it is held against, with its unit. */
  readonly against: string
  /** What must hold: the figure, how it must compare, and the bound. */
  readonly figure: number
  readonly must: '≥' | '≤'
  readonly bound: number
}

/** How many times faster than others small files must be signed, by the key's kind. */
const smallFileBounds: Readonly<Record<string, { readonly RSA: number; readonly EC: number }>> = {
  osslsigncode: { RSA: 3, EC: 5 },
  jsign: { RSA: 1.5, EC: 3 },
}

/**
 * What is measured, each in a process of its own that loads no more than it measures: one's memory and threads are not
 * the other's.
 */
export const parts: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  'sign-108-KB': () =>
    withKeys(async (options) =>
      (await (await signing()).benchFiles(options, { size: 108_000, name: '108 KB', files: 600 })).map((figure) =>
        ratioRow(figure, smallFileBounds[figure.against]?.[figure.work.includes('RSA') ? 'RSA' : 'EC'] ?? Number.NaN),
      ),
    ),
  'sign-10-MB': () =>
    withKeys(async (options) =>
      (await (await signing()).benchFiles(options, { size: 10_000_000, name: '10 MB', files: 80 })).map((figure) =>
        ratioRow(figure, 1.5),
      ),
    ),
  'sign-1.5-GB': () =>
    withKeys(async (options) => {
      const figure = await (await signing()).benchLarge(options)
      const memory = figure.peakMebibytes ?? Number.POSITIVE_INFINITY
      return [
        ratioRow(figure, 1),
        {
          work: `${figure.work}, peak memory`,
          ours: `${memory.toFixed(0)} MiB`,
          against: '',
          figure: memory,
          must: '≤',
          bound: 256,
        },
      ]
    }),
  digest: () => withFolder(async (folder) => [ratioRow(await (await signing()).benchDigest(folder), 0.8)]),
  requests: async () => {
    const { measureRequests } = await import('./requests.ts')
    const { aloneMs, noOpAloneMs, requestsPerSecond, noOpsPerSecond } = await measureRequests()
    const ratio = requestsPerSecond / noOpsPerSecond
    return [
      {
        work: 'whole requests, 50 at once, against no-op workflows',
        ours: `${requestsPerSecond.toFixed(1)} /s`,
        against: `${noOpsPerSecond.toFixed(1)} /s`,
        figure: ratio,
        must: '≥',
        bound: 0.5,
      },
      {
        work: 'one request alone, against a no-op workflow alone',
        ours: `${aloneMs.toFixed(0)} ms`,
        against: `${noOpAloneMs.toFixed(0)} ms`,
        figure: aloneMs / noOpAloneMs,
        must: '≤',
        bound: 3,
      },
    ]
  },
  'event-log': async () => {
    const { measureEventLog } = await import('./event-log.ts')
    const {
      catchUpEventsPerSecond: catchUp,
      rowsPerSecond: rows,
      durableAppendsPerSecond,
      concurrentAppendsPerSecond,
    } = await measureEventLog()
    return [
      {
        work: `event log catch-up, against bare reading of its rows (appends: ${durableAppendsPerSecond.toFixed(0)} /s alone, ${concurrentAppendsPerSecond.toFixed(0)} /s together)`,
        ours: `${catchUp.toFixed(0)} /s`,
        against: `${rows.toFixed(0)} /s`,
        figure: catchUp / rows,
        must: '≥',
        bound: 0.25,
      },
    ]
  },
  'shared-event-store': async () => {
    const { measureSharedEventStore } = await import('./shared-event-store.ts')
    const { sharedEventsPerSecond: shared, aloneEventsPerSecond: alone, events } = await measureSharedEventStore()
    return [
      {
        work: `following our ${events} events in EventStoreDB's stand-in among 90 % foreign ones, against without`,
        ours: `${shared.toFixed(0)} /s`,
        against: `${alone.toFixed(0)} /s`,
        figure: shared / alone,
        must: '≥',
        bound: 0.6,
      },
    ]
  },
  'event-signatures': async () => {
    const { measureEventSignatures } = await import('./event-signatures.ts')
    const figures = await measureEventSignatures()
    const { signedAppendsPerSecond: signed, plainAppendsPerSecond: plain } = figures
    const { auditedAppendsPerSecond, auditedLoneAppendsPerSecond, bareSignaturesPerSecond: bare } = figures
    const auditRow = (which: string, audited: number): Row => ({
      work: `audit replay with every signature checked, ${which}, against bare Ed25519 verification on all cores`,
      ours: `${audited.toFixed(0)} appends/s`,
      against: `${bare.toFixed(0)} signatures/s`,
      figure: audited / bare,
      must: '≥',
      bound: 0.6,
    })
    return [
      {
        work: 'appends with their signatures, 100 at once, against appends without',
        ours: `${signed.toFixed(0)} /s`,
        against: `${plain.toFixed(0)} /s`,
        figure: figures.signedAppendsAgainstPlain,
        must: '≥',
        bound: 0.8,
      },
      auditRow('appends that were made together', auditedAppendsPerSecond),
      auditRow('appends that were made alone', auditedLoneAppendsPerSecond),
    ]
  },
  'worker-start': async () => {
    const { measureWorkerStart } = await import('./worker-start.ts')
    const { requests, logGibibytes, unfinished, first, later } = await measureWorkerStart(
      Number(process.env.BENCH_REQUESTS ?? 1_000_000),
    )
    const log = `log of ${requests} requests, ${logGibibytes.toFixed(1)} GiB`
    const seconds = (milliseconds: number) => `${(milliseconds / 1_000).toFixed(1)} s`
    return Object.entries({ 'index lost': first, 'index kept': later }).flatMap(
      ([which, { readyMs, resumedMs, resumed, peakMebibytes }]): Row[] => [
        {
          work: `start of a worker, ${which}: ready, ms`,
          ours: `${readyMs.toFixed(0)} ms`,
          against: log,
          figure: readyMs,
          must: '≤',
          bound: 3_000,
        },
        {
          work: `start of a worker, ${which}: peak memory, MiB`,
          ours: `${peakMebibytes.toFixed(0)} MiB`,
          against: log,
          figure: peakMebibytes,
          must: '≤',
          bound: 300,
        },
        {
          work: `start of a worker, ${which}: unfinished requests that were resumed`,
          ours: `${resumed}`,
          against: `${unfinished}, after ${seconds(resumedMs)}`,
          figure: resumed,
          must: '≥',
          bound: unfinished,
        },
      ],
    )
  },
  projections: async () => {
    const { measureDelivery, measureRebuild } = await import('./projections.ts')
    const {
      events,
      rowsPerSecond: rows,
      sqliteEventsPerSecond: sqlite,
      postgresEventsPerSecond: postgres,
    } = await measureRebuild()
    const { medianMs, p99Ms } = await measureDelivery()
    return [
      {
        work: `projection rebuild of ${events} events, against bare reading of their rows`,
        ours: `${sqlite.toFixed(0)} /s`,
        against: `${rows.toFixed(0)} /s`,
        figure: sqlite / rows,
        must: '≥',
        // 20,000 a second where bare reading gives 500,000.
        bound: 0.04,
      },
      {
        work: 'projection rebuild in PostgreSQL, against SQLite',
        ours: `${postgres.toFixed(0)} /s`,
        against: `${sqlite.toFixed(0)} /s`,
        figure: postgres / sqlite,
        must: '≥',
        bound: 0.6,
      },
      {
        work: "event appended → subscriber's GraphQL answer, p99 in ms",
        ours: `${p99Ms.toFixed(0)} ms`,
        against: `median ${medianMs.toFixed(0)} ms`,
        figure: p99Ms,
        must: '≤',
        bound: 250,
      },
    ]
  },
  refusals: async () => {
    const { measureRefusals } = await import('./refusals.ts')
    const { refusalsPerSecond, unrecordedPerSecond, refused, mostEventsPerMinute } = await measureRefusals()
    return [
      {
        work: 'refused calls that are recorded, against calls whose refusal is not',
        ours: `${refusalsPerSecond.toFixed(0)} /s`,
        against: `${unrecordedPerSecond.toFixed(0)} /s`,
        figure: refusalsPerSecond / unrecordedPerSecond,
        must: '≥',
        bound: 0.5,
      },
      {
        work: 'events a minute of a flood of refused calls, by two processes',
        ours: `${mostEventsPerMinute}`,
        against: `${refused} refused calls`,
        figure: mostEventsPerMinute,
        must: '≤',
        bound: 60,
      },
    ]
  },
  'large-plan': async () => {
    const { measureLargePlan } = await import('./large-plan.ts')
    const { files, planSeconds, manifestSeconds, pageMs, medianPageMs, peakMebibytes } = await measureLargePlan()
    const work = `plan of ${files} files: store, read pages, approve, sign manifest (no key used)`
    return [
      {
        work: `${work}: peak memory, MiB`,
        ours: `${peakMebibytes.toFixed(0)} MiB`,
        against: `plan made in ${planSeconds.toFixed(1)} s, made again with its manifest in ${manifestSeconds.toFixed(1)} s`,
        figure: peakMebibytes,
        must: '≤',
        bound: 300,
      },
      {
        work: `${work}: a page of 100 by GraphQL, p95 in ms`,
        ours: `${pageMs.toFixed(0)} ms`,
        against: `median ${medianPageMs.toFixed(0)} ms`,
        figure: pageMs,
        must: '≤',
        bound: 50,
      },
    ]
  },
  scale: async () => {
    const { measureScale } = await import('./scale.ts')
    const shown = (ms: number) => `${ms.toPrecision(3)} ms`
    return (await measureScale()).map(({ work, smallMs, largeMs }) => ({
      work: `${work}, with 10,000 users and projects against 10`,
      ours: shown(largeMs),
      against: shown(smallMs),
      figure: largeMs / smallMs,
      must: '≤' as const,
      bound: 1.2,
    }))
  },
}

/** Whether a row reaches what it must. */
export function holds({ figure, must, bound }: Row): boolean {
  return must === '≥' ? figure >= bound : figure <= bound
}

function signing() {
  return import('./authenticode.ts')
}

function ratioRow({ work, ours, theirs, unit, ratio }: AuthenticodeFigure, bound: number): Row {
  const shown = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`
  return { work, ours: shown(ours), against: shown(theirs), figure: ratio, must: '≥', bound }
}

function withKeys<Result>(use: (options: AuthenticodeBenchOptions) => Promise<Result>): Promise<Result> {
  return withFolder(async (folder) => {
    const { benchKeys } = await import('./bench-keys.ts')
    const { token, keys, jsign } = await benchKeys(folder)
    try {
      return await use({ folder, keys, jsign })
    } finally {
      await token.close()
    }
  })
}
