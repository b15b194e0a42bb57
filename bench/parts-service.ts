import type { Parts, Row } from './row.ts'

/** Processes of the service at work: whole requests, starts, floods, large plans, many projects and users. */
export const serviceParts: Parts = {
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
  'hash-signing': async () => {
    const { measureHashSigning } = await import('./hash-signing.ts')
    const figures = await measureHashSigning()
    const rate = (perSecond: number) => `${perSecond.toFixed(1)} /s`
    return [
      {
        work: 'hash signing, P-256, 16 callers at once, against no-op workflows',
        ours: rate(figures.requestsPerSecond),
        against: rate(figures.noOpsPerSecond),
        figure: figures.requestsPerSecond / figures.noOpsPerSecond,
        must: '≥',
        bound: 0.6,
      },
      {
        work: 'the same, the slowest hundredth',
        ours: `${figures.requestP99.toFixed(0)} ms`,
        against: `${figures.noOpP99.toFixed(0)} ms`,
        figure: figures.requestP99 / figures.noOpP99,
        must: '≤',
        bound: 3,
      },
      {
        work: 'one request with 1,000 hashes, P-256, against the token alone',
        ours: rate(figures.hashesPerSecond),
        against: rate(figures.tokenPerSecond),
        figure: figures.hashesPerSecond / figures.tokenPerSecond,
        must: '≥',
        bound: 0.6,
      },
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
  authorization: async () => {
    const { measureAuthorization } = await import('./authorization.ts')
    const { byRoleMicroseconds, byPolicyMicroseconds, named } = measureAuthorization()
    const row = (work: string, figure: number, against: string): Row => ({
      work: `${work}, µs of processor time`,
      ours: `${figure.toPrecision(2)} µs`,
      against,
      figure,
      must: '≤',
      bound: 20,
    })
    return [
      row('authorization check by global roles', byRoleMicroseconds, 'every permission, every role'),
      row('authorization check by a signing policy', byPolicyMicroseconds, `${named} users and groups named`),
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
