import { createServer, type Server } from 'node:http'
import type { LoadedConfiguration } from './config/load.ts'
import type { Gauge, Metrics } from './metrics.ts'

/** What is known of one part. */
export type PartState = { readonly status: 'up' | 'down' } & Readonly<Record<string, unknown>>

/** What the proxy says of itself. */
export type ProxyHealth = { readonly status: 'up' | 'down'; readonly parts: Readonly<Record<string, PartState>> }

/** What is asked by those who watch the proxy. */
export type OperationsOptions = {
  readonly health: () => Promise<ProxyHealth>
  readonly metrics: Metrics
  readonly gauges: () => readonly Gauge[]
}

/** Serves `/health/live`, `/health/ready` (`/health` is the same) and `/metrics` of Prometheus. */
export function createOperationsServer({ health, metrics, gauges }: OperationsOptions): Server {
  return createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, async (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0]
    const send = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    }
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', '')
      if (path === '/health/live') return send(200, 'application/json', '{"status":"up"}')
      if (path === '/health/ready' || path === '/health') {
        const state = await health()
        return send(state.status === 'up' ? 200 : 503, 'application/json', JSON.stringify(state))
      }
      if (path === '/metrics') return send(200, 'text/plain; version=0.0.4; charset=utf-8', metrics.text(gauges()))
      return send(404, 'text/plain', '')
    } catch {
      if (!response.headersSent) send(500, 'text/plain', '')
    }
  })
}

/** How revocation is found out below each authority, and how its lists stand: what is not checked at all is said, too. */
export function revocationState({ ruleSets }: LoadedConfiguration, now: number): PartState {
  const authorities = ruleSets.flatMap(({ name, authorities: all }) =>
    all.map(({ paths, revocation }) => ({
      ruleSet: name,
      authority: paths.anchors[0]?.subjectName.flat().at(-1)?.text ?? null,
      crl: revocation.crl?.mode ?? 'not checked',
      ocsp: revocation.ocsp?.mode ?? 'not checked',
      lists: (revocation.crl?.lists ?? []).map(({ file, crl }) => ({
        file,
        entries: crl.revoked.size,
        nextUpdate: new Date(crl.nextUpdate).toISOString(),
        isCurrent: crl.thisUpdate <= now && now <= crl.nextUpdate,
      })),
    })),
  )
  const isDown = authorities.some(({ crl, lists }) => crl === 'hard' && lists.some(({ isCurrent }) => !isCurrent))
  return {
    status: isDown ? 'down' : 'up',
    authorities,
    ...(isDown && { reason: 'a revocation list that must be current is not: nodes that it speaks for are refused' }),
  }
}

/** What of lists and connections can be drawn as a curve. */
export function gaugesOf({ ruleSets }: LoadedConfiguration, openConnections: number): readonly Gauge[] {
  const lists = new Map(
    ruleSets.flatMap(({ authorities }) =>
      authorities.flatMap(({ revocation }) =>
        (revocation.crl?.lists ?? []).map(({ file, crl }) => [file, crl] as const),
      ),
    ),
  )
  return [
    { name: 'open_connections', help: 'Connections of nodes that are open.', value: openConnections },
    ...[...lists].flatMap(([file, crl]): Gauge[] => [
      {
        name: 'crl_next_update_seconds',
        help: 'Until when a revocation list is current, in seconds since 1970.',
        labels: { file },
        value: crl.nextUpdate / 1_000,
      },
      { name: 'crl_entries', help: 'Certificates in a revocation list.', labels: { file }, value: crl.revoked.size },
    ]),
  ]
}
