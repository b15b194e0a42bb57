import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { getCACertificates } from 'node:tls'
import { buildConnector } from 'undici'
import { isRefusedAddress } from './addresses.ts'
import { OutgoingError } from './outgoing-error.ts'

/** An address that a name stands for. */
export type ResolvedAddress = { readonly address: string; readonly family: number }

/** Finds the addresses that a name stands for, all of them. It fails where there is none. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>

/** Finds addresses as every other program of the machine does. */
export const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true })

/** What connections are made with. */
export type Connecting = {
  readonly allowedNetworks: readonly string[]
  /** PEM; authorities of TLS certificates besides the system's. */
  readonly authorities: string | undefined
  readonly connectMs: number
  readonly resolve: Resolve
}

/**
 * Makes connections for undici, to no address but those that may be called. A name is resolved once for a connection, and
 * the connection is made to one of the very addresses that were checked, so that a name that stands for something else a
 * moment later makes no difference. One address that is refused refuses the name. Node does not ask `lookup` about
 * addresses, so these are checked before.
 */
export function checkingConnector(connecting: Connecting): buildConnector.connector {
  const { allowedNetworks, authorities, connectMs, resolve } = connecting
  const connect = buildConnector({
    allowH2: false,
    maxCachedSessions: 0,
    timeout: connectMs,
    lookup: checkedLookup(resolve, allowedNetworks),
    ...(authorities !== undefined && { ca: [...getCACertificates(), authorities] }),
  })
  return (options, callback) => {
    const host = bare(options.hostname)
    const place = `${options.protocol}//${options.host ?? options.hostname}`
    if (isIP(host) > 0 && isRefusedAddress(host, allowedNetworks)) return callback(refused(), null)
    connect(options, (...[error, socket]: [Error, null] | [null, Socket]) => {
      if (error !== null) return callback(unreachable(error, place), null)
      // Nothing was sent yet. What `lookup` let through is what the socket has; should that ever not be so, it ends here.
      if (socket.remoteAddress !== undefined && !isRefusedAddress(socket.remoteAddress, allowedNetworks))
        return callback(null, socket)
      socket.destroy()
      return callback(refused(), null)
    })
  }
}

/**
 * Resolves a host and checks what it stands for. A name that cannot be resolved now is no refusal.
 *
 * @throws OutgoingError `OUTGOING_ADDRESS_REFUSED`
 */
export async function requireAllowedHost(
  hostname: string,
  { allowedNetworks, resolve }: Pick<Connecting, 'allowedNetworks' | 'resolve'>,
): Promise<void> {
  const host = bare(hostname)
  const found = isIP(host) > 0 ? [{ address: host }] : await resolve(host).catch(() => [])
  requireAllowed(found, allowedNetworks)
}

function checkedLookup(resolve: Resolve, allowedNetworks: readonly string[]): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        try {
          requireAllowed(found, allowedNetworks)
        } catch (error) {
          return callback(error as Error, '', 0)
        }
        const [first] = found
        if (first === undefined) return callback(new Error('The name has no address.'), '', 0)
        if (options.all === true) return callback(null, [...found])
        return callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    )
  }
}

function requireAllowed(found: readonly { readonly address: string }[], allowedNetworks: readonly string[]): void {
  if (found.some(({ address }) => isRefusedAddress(address, allowedNetworks))) throw refused()
}

/** One text for all: which address it was, and whether anything is there, is nobody's business who may not call it. */
function refused(): OutgoingError {
  return new OutgoingError(
    'OUTGOING_ADDRESS_REFUSED',
    'The host is in a private, local or reserved network, which is not called. The operator allows networks by COUNTERSIGN_OUTGOING_ALLOWED_NETWORKS.',
  )
}

/** One text for all: of a network that only the service reaches, errors must not tell what listens there. */
function unreachable(error: Error, place: string): OutgoingError {
  if (error instanceof OutgoingError) return error
  return new OutgoingError(
    'OUTGOING_UNREACHABLE',
    `No connection to ${place} came about: its name is not known, nothing takes connections there, or its certificate is not trusted. The service's log tells which.`,
    error,
  )
}

/** The host of a URL without the brackets of IPv6. */
function bare(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
