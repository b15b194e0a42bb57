import { Agent, fetch as fetchByAgent } from 'undici'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'

/** A certificate of this machine, and those of authorities above it, with its private key: PEM. */
export type ClientCertificate = { readonly certificates: string; readonly key: string }

/** Calls that are made with a client certificate. No connection of it is shared with anything else. */
export type CertifiedCalls = {
  readonly fetch: typeof fetch
  /** What a failed call means when it means that the other side refused the certificate; else `undefined`. */
  readonly refusalOf: (server: URL, error: unknown) => CliError | undefined
}

/**
 * Opens an agent for one certificate.
 *
 * @throws CliError `CLIENT_CERTIFICATE_INVALID` when certificate and key do not belong together
 */
export function callsWithCertificate({ certificates, key }: ClientCertificate): CertifiedCalls {
  let wasConnected = false
  let wasAnswered = false
  const agent = new Agent({ allowH2: false, connect: { cert: certificates, key, maxCachedSessions: 0 } })
  agent.on('connect', () => {
    wasConnected = true
  })
  return {
    fetch: (async (input: URL, init: object) => {
      const answer = await fetchByAgent(input, { ...init, dispatcher: agent })
      wasAnswered = true
      return answer
    }) as unknown as typeof fetch,
    refusalOf(server, error) {
      const codes = codesOf(error)
      const isAlert = codes.some((code) => /^ERR_SSL_\w*ALERT\w*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/.test(code))
      // In TLS 1.3 the handshake succeeds for the client before the server has looked at its certificate; that it refused it is an
      // alert that can get lost in the reset after it.
      const isReset = codes.some((code) => ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code))
      if (!isAlert && !(isReset && wasConnected && !wasAnswered)) return undefined
      return new CliError(
        'CLIENT_CERTIFICATE_REFUSED',
        `${server.origin} refused the client certificate of this machine.`,
        {
          hint: 'Is it of an authority that is accepted there, valid and not revoked? The log of the proxy says why.',
          exitCode: exitCode.refused,
          cause: error,
        },
      )
    },
  }
}

function codesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  return [...('code' in error ? [String(error.code)] : []), ...codesOf(error.cause)]
}
