import { SigningError } from '../signing-error.ts'
import { readCertificateFile } from '../x509/index.ts'
import { type EstAnswer, sendToServer } from './est-request.ts'
import type { EstServer } from './est-server.ts'

/** What an EST server is asked for. */
export interface EstClient {
  /**
   * Its authorities' certificates, roll-over certificates among them (RFC 7030 §4.1). Nobody trusts them for it: a chain must end
   * at a root that is trusted otherwise.
   *
   * @returns DER certificates
   * @throws SigningError `EST_…`
   */
  authorities(signal?: AbortSignal): Promise<readonly Uint8Array[]>
  /**
   * Asks for a certificate, the first one or the next of the same names (RFC 7030 §4.2).
   *
   * @param request PKCS #10, DER
   * @returns what it issued, a file as `readCertificateFile` reads it
   * @throws SigningError `EST_PENDING`, passing, with the time to wait, while somebody has to agree there; `EST_…`
   */
  enrol(request: Uint8Array, kind: 'first' | 'renewal', signal?: AbortSignal): Promise<Uint8Array>
}

/** How long is waited for who does not say how long, and at the most, in milliseconds. */
const defaultWaitMs = 3_600_000
const longestWaitMs = 86_400_000

/** The client of one server. Nothing is sent before it is asked for something. */
export function createEstClient(server: EstServer): EstClient {
  const base = /\/\.well-known\/est(\/|$)/.test(server.url)
    ? server.url.replace(/\/$/, '')
    : `${server.url.replace(/\/$/, '')}/.well-known/est`

  async function ask(operation: string, signal: AbortSignal | undefined, request?: Uint8Array): Promise<Uint8Array> {
    const answer = await sendToServer(server, `${base}/${operation}`, signal, request)
    const problem = problemOf(server.name, answer)
    if (problem !== undefined) throw problem
    return answer.body
  }

  return {
    async authorities(signal) {
      const body = await ask('cacerts', signal)
      return certificatesOf(server.name, body)
    },
    async enrol(request, kind, signal) {
      const body = await ask(kind === 'first' ? 'simpleenroll' : 'simplereenroll', signal, request)
      certificatesOf(server.name, body)
      return body
    },
  }
}

function certificatesOf(name: string, body: Uint8Array): readonly Uint8Array[] {
  try {
    return readCertificateFile(body).map(({ der }) => der)
  } catch (cause) {
    if (!(cause instanceof SigningError)) throw cause
    throw invalid(name, `sent no certificates: ${cause.message.replace(/\.$/, '')}`, cause)
  }
}

/** Why an answer has no certificates in it. */
function problemOf(name: string, { status, type, retryAfterMs, quote }: EstAnswer): SigningError | undefined {
  const says = quote === '' ? '' : `: ${quote}`
  if (status === 200)
    return type === 'application/pkcs7-mime'
      ? undefined
      : invalid(name, `answered with the content type ${type || 'none'}${says}; application/pkcs7-mime is expected`)
  if (status === 202)
    return new SigningError('EST_PENDING', `The EST server ${name} has the request, and somebody there must agree.`, {
      transient: true,
      retryAfterMs: Math.min(retryAfterMs ?? defaultWaitMs, longestWaitMs),
    })
  if (status === 401 || status === 403)
    return new SigningError(
      'EST_UNAUTHORIZED',
      `The EST server ${name} does not let this service in (HTTP status ${status})${says}.`,
    )
  if (status === 429 || status >= 500)
    return new SigningError('EST_UNAVAILABLE', `The EST server ${name} answered with HTTP status ${status}${says}.`, {
      transient: true,
      retryAfterMs: retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, longestWaitMs),
    })
  if (status >= 400)
    return new SigningError('EST_REFUSED', `The EST server ${name} refused with HTTP status ${status}${says}.`)
  // RFC 7030 §3.2.1 allows redirection; a server that was configured need not send its clients elsewhere.
  return invalid(name, `answered with HTTP status ${status}; 200 or 202 is expected`)
}

function invalid(name: string, did: string, cause?: unknown): SigningError {
  return new SigningError('EST_ANSWER_INVALID', `The EST server ${name} ${did}.`, { cause })
}
