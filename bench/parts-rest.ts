import type { Parts } from './row.ts'

/** The REST API at work: large artifacts, and many who wait. */
export const restParts: Parts = {
  transfers: async () => {
    const { measureTransfers } = await import('./transfers.ts')
    const bytes = Number(process.env.BENCH_BYTES ?? 4_000_000_000)
    const { gigabytes, copySeconds, uploadSeconds, downloadSeconds, apiPeakMebibytes } = await measureTransfers({
      bytes,
    })
    const speed = (seconds: number) => `${((gigabytes * 1_000) / seconds).toFixed(0)} MB/s`
    const row = (work: string, seconds: number) => ({
      work: `${work} of ${gigabytes} GB by REST, against copying the file while hashing it`,
      ours: speed(seconds),
      against: speed(copySeconds),
      figure: copySeconds / seconds,
      must: '≥' as const,
      bound: 0.7,
    })
    return [
      row('upload', uploadSeconds),
      row('download', downloadSeconds),
      {
        work: 'the same, memory of the API, MiB',
        ours: `${apiPeakMebibytes.toFixed(0)} MiB`,
        against: `${gigabytes} GB`,
        figure: apiPeakMebibytes,
        must: '≤',
        bound: 256,
      },
    ]
  },
  'long-polls': async () => {
    const { measureLongPolls } = await import('./long-polls.ts')
    const { clients, submissions, aloneP99, besideP99, errors } = await measureLongPolls()
    return [
      {
        work: `status answers while ${clients} clients wait and ${submissions} submit: slowest hundredth`,
        ours: `${besideP99.toFixed(1)} ms`,
        against: `${aloneP99.toFixed(1)} ms`,
        figure: besideP99 / aloneP99,
        must: '≤',
        bound: 3,
      },
      {
        work: 'the same, calls that were refused or failed',
        ours: `${errors}`,
        against: `${clients} clients`,
        figure: errors,
        must: '≤',
        bound: 0,
      },
    ]
  },
}
