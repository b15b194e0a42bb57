import type { Parts } from './row.ts'

/** The authentication proxy. */
export const proxyParts: Parts = {
  proxy: async () => {
    const { measureProxy } = await import('./proxy.ts')
    const bytes = Number(process.env.BENCH_BYTES ?? 2_000_000_000)
    const figures = await measureProxy({ bytes })
    const { connectionsPerSecond, bareConnectionsPerSecond, forwardedP99, directP99 } = figures
    const { processorPerCall, gigabytes, uploadSeconds, directUploadSeconds, growthMebibytes } = figures
    const { proxyProcessorSeconds, serviceProcessorSeconds } = figures
    const speed = (seconds: number) => `${((gigabytes * 1_000) / seconds).toFixed(0)} MB/s`
    return [
      {
        work: 'authentication proxy, new mutual-TLS connections with rules and a CRL of 100,000 entries, against bare Node TLS',
        ours: `${connectionsPerSecond.toFixed(0)}/s`,
        against: `${bareConnectionsPerSecond.toFixed(0)}/s`,
        figure: connectionsPerSecond / bareConnectionsPerSecond,
        must: '≥',
        bound: 0.5,
      },
      {
        work: 'the same, a forwarded call against the direct one: slowest hundredth',
        ours: `${forwardedP99.toFixed(2)} ms (${processorPerCall.toFixed(2)} ms of processor time in the proxy)`,
        against: `${directP99.toFixed(2)} ms`,
        figure: forwardedP99 / directP99,
        must: '≤',
        bound: 2,
      },
      {
        work: `the same, an upload of ${gigabytes} GB through it against the direct one`,
        ours: `${speed(uploadSeconds)} (${proxyProcessorSeconds.toFixed(1)} s of processor time in the proxy)`,
        against: `${speed(directUploadSeconds)} (${serviceProcessorSeconds.toFixed(1)} s in the service)`,
        figure: directUploadSeconds / uploadSeconds,
        must: '≥',
        bound: 0.7,
      },
      {
        work: 'the same, what the proxy grows by during the uploads, MiB',
        ours: `${growthMebibytes.toFixed(0)} MiB`,
        against: `${gigabytes} GB`,
        figure: growthMebibytes,
        must: '≤',
        bound: 128,
      },
    ]
  },
}
