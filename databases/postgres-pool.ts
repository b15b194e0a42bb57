import pg from 'pg'

/** How to reach a PostgreSQL database (14 or newer). */
export type PostgresAddress = {
  /** `postgres://user:password@host:port/database`; the user owns the database, or its schema. */
  readonly connectionString: string
  /** PEM. With it every connection uses TLS, and the server's certificate and name are checked; plain without. */
  readonly tls?: {
    /** The authorities that the server's certificate must lead to; those of the system when not given. */
    readonly ca: Buffer | undefined
    /** Who we are, where the server wants to know. */
    readonly cert: Buffer | undefined
    readonly key: Buffer | undefined
  }
}

/** An address, and who hears of connections. */
export type PostgresConnections = PostgresAddress & {
  /** Called when an idle connection breaks; the pool replaces it. */
  readonly onConnectionLost?: (error: Error) => void
}

/** What each store bounds for itself: how many connections, and how long things may take, in milliseconds. */
export type PoolLimits = Pick<
  pg.PoolConfig,
  'connectionTimeoutMillis' | 'query_timeout' | 'statement_timeout' | 'idle_in_transaction_session_timeout'
> & { readonly max: number }

/** A pool of connections, which are made when they are needed: it opens while the server is still away. */
export function openPool(
  { connectionString, tls, onConnectionLost }: PostgresConnections,
  limits: PoolLimits,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    ...(tls === undefined ? {} : { ssl: { ...tls, rejectUnauthorized: true, host: serverName(connectionString) } }),
    ...limits,
    application_name: 'countersign',
  })
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', (error) => onConnectionLost?.(error))
  return pool
}

/** Whose certificate it must be. Said by ourselves: for an address without a name, Node would check for `localhost`. */
function serverName(connectionString: string): string {
  return new URL(connectionString).hostname.replace(/^\[(.*)\]$/, '$1')
}
