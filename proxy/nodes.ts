import { createHash, type X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { LoadedConfiguration } from './config/load.ts'
import type { OcspClient } from './revocation/ocsp-client.ts'
import { type Assessment, assess, judge, type Verdict } from './rules/judge.ts'

/** The nodes that are connected, and what the rules make of them now. */
export type Nodes = {
  /** Follows a connection until it closes. */
  readonly add: (socket: TLSSocket) => void
  /** Judges the node of a connection for a request to a host, by the rules and revocations that hold at this moment. */
  readonly verdict: (socket: TLSSocket, host: string) => Promise<Verdict>
  /** Judges everybody anew and cuts the connections of those who were accepted before and are not any more. */
  readonly reconsider: () => Promise<number>
  readonly count: () => number
}

/** More certificates than any node sends. */
const mostCertificates = 10
/** Chains of which is remembered what the present rules make of them. */
const mostAssessed = 10_000

type Known = { readonly rules: LoadedConfiguration; readonly verdict: Verdict }
type Connected = { readonly chain: readonly Buffer[]; readonly id: string; readonly verdicts: Map<string, Known> }

/**
 * Keeps what is known of connected nodes. A verdict holds as long as the rules are the same and nothing in it comes to its end, so that
 * a request on an open connection is judged as if it were the first one.
 *
 * @param rules those that hold now
 * @param now the clock, milliseconds since 1970
 */
export function watchNodes(rules: () => LoadedConfiguration, client: OcspClient, now: () => number): Nodes {
  const connected = new Map<TLSSocket, Connected>()
  let assessments: { readonly rules: LoadedConfiguration; readonly of: Map<string, Assessment> } | undefined

  function assessed({ chain, id }: Connected, current: LoadedConfiguration): Assessment {
    if (assessments?.rules !== current) assessments = { rules: current, of: new Map() }
    const { of } = assessments
    const known = of.get(id)
    if (known !== undefined) return known
    const assessment = assess(chain, current.ruleSets)
    if (of.size >= mostAssessed) of.delete(of.keys().next().value ?? '')
    of.set(id, assessment)
    return assessment
  }

  function connectionOf(socket: TLSSocket): Connected {
    const known = connected.get(socket)
    if (known !== undefined) return known
    // One that is being closed is not kept, since nothing would take it out again.
    const chain = chainOf(socket)
    const hash = createHash('sha256')
    for (const certificate of chain) hash.update(certificate)
    const added: Connected = { chain, id: hash.digest('base64'), verdicts: new Map() }
    return added
  }

  async function verdict(socket: TLSSocket, host: string): Promise<Verdict> {
    const connection = connectionOf(socket)
    const current = rules()
    const known = connection.verdicts.get(host)
    if (known?.rules === current && now() <= known.verdict.until) return known.verdict
    if (connection.chain.length === 0)
      return {
        accepted: false,
        objections: [{ ruleSet: null, reason: 'certificateMissing', detail: 'the node sent no certificate' }],
        until: Number.POSITIVE_INFINITY,
      }
    const serverName = typeof socket.servername === 'string' ? socket.servername.toLowerCase() : undefined
    const made = await judge(assessed(connection, current), { serverName, host }, client, now())
    // Whoever asks for ever new names is judged each time.
    if (connection.verdicts.size < 16) connection.verdicts.set(host, { rules: current, verdict: made })
    return made
  }

  return {
    add(socket) {
      connected.set(socket, connectionOf(socket))
      socket.once('close', () => connected.delete(socket))
    },
    verdict,
    async reconsider() {
      let cut = 0
      for (const [socket, { verdicts }] of [...connected]) {
        const accepted = [...verdicts].filter(([, known]) => known.verdict.accepted)
        if (accepted.length === 0) continue
        const again = await Promise.all(accepted.map(([host]) => verdict(socket, host)))
        if (again.some((each) => each.accepted)) continue
        socket.destroy()
        cut += 1
      }
      return cut
    },
    count: () => connected.size,
  }
}

/** What a node sent, its own certificate first; empty where it sent none. */
function chainOf(socket: TLSSocket): readonly Buffer[] {
  const chain: Buffer[] = []
  for (
    let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
    certificate !== undefined && chain.length < mostCertificates;
    certificate = certificate.issuerCertificate
  )
    chain.push(certificate.raw)
  return chain
}
