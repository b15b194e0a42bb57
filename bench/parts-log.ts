import type { Parts, Row } from './row.ts'

/** The event log and the read model, against bare reading of their rows and bare cryptography. */
export const logParts: Parts = {
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
  'request-lists': async () => {
    const { measureRequestLists } = await import('./request-lists.ts')
    const figures = await measureRequestLists(Number(process.env.BENCH_REQUESTS ?? 1_000_000))
    return figures.flatMap(
      ({ database, requests, filters, slowest, firstPageMs, bareMs, wholeListMs, page1Ms, page1000Ms }): Row[] => [
        {
          work: `first page of ${requests} signing requests in GraphQL from ${database}, the slowest of ${filters} filters (${slowest}), against its rows by primary key (without filter, with the project, policy and submitter of each: ${wholeListMs.toPrecision(2)} ms)`,
          ours: `${firstPageMs.toPrecision(2)} ms`,
          against: `${bareMs.toPrecision(2)} ms`,
          figure: firstPageMs / bareMs,
          must: '≤',
          bound: 3,
        },
        {
          work: `page 1,000 of ${requests} signing requests in GraphQL from ${database}, against page 1`,
          ours: `${page1000Ms.toPrecision(2)} ms`,
          against: `${page1Ms.toPrecision(2)} ms`,
          figure: page1000Ms / page1Ms,
          must: '≤',
          bound: 1.2,
        },
      ],
    )
  },
  'as-of': async () => {
    const { measureAsOf } = await import('./as-of.ts')
    return (await measureAsOf()).map(({ kind, events, foldMs, readMs }) => ({
      work: `a ${kind} with ${events} events as of a moment, against reading these events (processor time)`,
      ours: `${foldMs.toFixed(0)} ms`,
      against: `${readMs.toFixed(0)} ms`,
      figure: foldMs / readMs,
      must: '≤' as const,
      bound: 1.5,
    }))
  },
  'audit-replay': async (give) => {
    const { measureAuditReplay } = await import('./audit-replay.ts')
    const requests = Number(process.env.BENCH_REQUESTS ?? 1_000_000)
    for (const [which, unfinished] of [
      ['finished', 0],
      ['unfinished', requests],
    ] as const)
      await measureAuditReplay(requests, unfinished, (work, { eventsPerSecond, peakMebibytes }, log) => {
        give({
          work: `${work}, every state written: peak memory, MiB`,
          ours: `${peakMebibytes.toFixed(0)} MiB`,
          against: `log of ${requests} ${which} requests, ${log.gibibytes.toFixed(1)} GiB`,
          figure: peakMebibytes,
          must: '≤',
          bound: 512,
        })
        // An export is written into a log of its own first, which is no reading.
        if (work !== 'audit replay --from-export')
          give({
            work: `${work} of ${which} requests, every signature checked and every state written, against reading the log`,
            ours: `${eventsPerSecond.toFixed(0)} events/s`,
            against: `${log.readEventsPerSecond.toFixed(0)} events/s`,
            figure: eventsPerSecond / log.readEventsPerSecond,
            must: '≥',
            bound: 0.6,
          })
      })
    return []
  },
  export: async () => {
    const { measureExport } = await import('./export.ts')
    const { events, readEventsPerSecond: read, ...exported } = await measureExport()
    const row = (what: string, rate: number): Row => ({
      work: `export of ${events} events, ${what}, against reading them (per second of processor time)`,
      ours: `${rate.toFixed(0)} /s`,
      against: `${read.toFixed(0)} /s`,
      figure: rate / read,
      must: '≥',
      bound: 0.5,
    })
    return [
      row('the whole log', exported.exportedEventsPerSecond),
      row('one organization that has them all', exported.organizationEventsPerSecond),
    ]
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
}
