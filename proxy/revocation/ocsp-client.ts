import type { Certificate } from '../certificates/certificate.ts'
import type { FetchBytes } from './fetch-bytes.ts'
import { ocspRequest, readOcspResponse, responderOf } from './ocsp.ts'

/** Whether a certificate is revoked, as far as could be found out. */
export type RevocationStatus = {
  readonly status: 'good' | 'revoked' | 'unknown'
  /** Why it is not known. */
  readonly detail: string
  /** Until when this holds without asking again: milliseconds since 1970. */
  readonly until: number
}

/** Asks responders, and remembers what they said for as long as they said. */
export type OcspClient = {
  /** @param responder where to ask instead of where the certificate says */
  readonly statusOf: (
    certificate: Certificate,
    issuer: Certificate,
    options: { readonly responder: string | undefined; readonly timeoutMs: number },
  ) => Promise<RevocationStatus>
}

/** For how long an answer holds that does not say, and at the most; a failure holds shorter, so that it is not repeated by each call. */
const freshMs = { unsaid: 300_000, most: 3_600_000, failure: 10_000 }
/** How far clocks may be apart, in milliseconds. */
const skewMs = 300_000
const largestResponse = 64 * 1024
const mostRemembered = 10_000

/** Makes a client for one process. @param now the clock */
export function openOcspClient(fetch: FetchBytes, now: () => number): OcspClient {
  const known = new Map<string, Promise<RevocationStatus>>()
  const settled = new Map<string, RevocationStatus>()

  async function ask(certificate: Certificate, issuer: Certificate, url: string | undefined, timeoutMs: number) {
    const failed = (detail: string): RevocationStatus => ({ status: 'unknown', detail, until: now() + freshMs.failure })
    if (url === undefined) return failed('neither the certificate nor the configuration names an OCSP responder')
    try {
      const response = await fetch({
        url,
        body: ocspRequest(certificate, issuer),
        contentType: 'application/ocsp-request',
        maximumBytes: largestResponse,
        timeoutMs,
      })
      const answer = readOcspResponse(response, certificate, issuer, now())
      if ('fault' in answer) return failed(answer.fault)
      const { status, thisUpdate, nextUpdate } = answer
      if (thisUpdate > now() + skewMs) return failed('the OCSP response is from the future')
      if ((nextUpdate ?? thisUpdate + freshMs.most) < now()) return failed('the OCSP response is out of date')
      const until = Math.min(nextUpdate ?? now() + freshMs.unsaid, now() + freshMs.most)
      return { status, detail: status === 'unknown' ? 'the OCSP responder does not know the certificate' : '', until }
    } catch (error) {
      return failed(`the OCSP responder could not be asked: ${(error as Error).message}`)
    }
  }

  return {
    async statusOf(certificate, issuer, { responder, timeoutMs }) {
      const key = `${certificate.fingerprint} ${issuer.fingerprint} ${responder ?? ''}`
      const before = settled.get(key)
      if (before !== undefined && before.until > now()) return before
      const underWay = known.get(key)
      if (underWay !== undefined) return underWay
      const asking = ask(certificate, issuer, responder ?? responderOf(certificate), timeoutMs)
      known.set(key, asking)
      try {
        const status = await asking
        if (settled.size >= mostRemembered) settled.delete(settled.keys().next().value ?? '')
        settled.set(key, status)
        return status
      } finally {
        known.delete(key)
      }
    },
  }
}
