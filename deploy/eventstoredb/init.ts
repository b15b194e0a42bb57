import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { isDeepStrictEqual } from 'node:util'
import { ErrorType, EventStoreDBClient, isCommandError, jsonEvent } from '@eventstore/db-client'

/**
 * Gives the service a user of its own in EventStoreDB: it may append to streams and read them, read `$all`, and nothing
 * else. So no process of the service can delete events, or hide them by a stream's metadata. What is so already stays as
 * it is: this runs at every start, and a new password in the secret is taken over.
 */
const url = new URL(setting('EVENT_STORE_URL'))
const ca = readFileSync(setting('EVENT_STORE_CA'))
const admin = { username: 'admin', password: secret('EVENT_STORE_ADMIN_PASSWORD_FILE') }
const user = setting('COUNTERSIGN_EVENT_LOG_USER')
const password = secret('COUNTERSIGN_EVENT_LOG_PASSWORD_FILE')

const readers = ['$admins', user]
const onlyAdmins = ['$admins']
/** Access to streams that say nothing else ("Default ACL" in the server's documentation). */
const defaultAcl = {
  $userStreamAcl: { $r: readers, $w: readers, $d: onlyAdmins, $mr: readers, $mw: onlyAdmins },
  $systemStreamAcl: { $r: onlyAdmins, $w: onlyAdmins, $d: onlyAdmins, $mr: onlyAdmins, $mw: onlyAdmins },
}

await ensureUser()
const endpoint = { address: url.hostname, port: Number(url.port) }
const client = new EventStoreDBClient({ endpoint }, { rootCertificate: ca }, admin)
try {
  await ensureDefaultAcl()
  await ensureReadsAll()
} finally {
  await client.dispose()
}
console.log(`The user ${user} of the event log is set up.`)

async function ensureUser(): Promise<void> {
  const created = await post('/users/', { loginName: user, fullName: 'Countersign', groups: [], password })
  if (created === 201) return
  // There is one of this name.
  if (created !== 409) throw unexpected('Making the user', created)
  const reset = await post(`/users/${user}/command/reset-password`, { newPassword: password })
  if (reset !== 200) throw unexpected("Setting the user's password", reset)
}

async function ensureDefaultAcl(): Promise<void> {
  if (isDeepStrictEqual(await newestOf('$settings'), defaultAcl)) return
  await client.appendToStream('$settings', jsonEvent({ type: 'update-default-acl', data: defaultAcl }))
}

async function ensureReadsAll(): Promise<void> {
  const { metadata } = await client.getStreamMetadata('$all')
  if (isDeepStrictEqual(metadata?.acl?.readRoles, readers)) return
  await client.setStreamMetadata('$all', { acl: { readRoles: readers, metaReadRoles: readers } })
}

/** The data of a stream's newest event; `undefined` when there is none. */
async function newestOf(stream: string): Promise<unknown> {
  try {
    for await (const { event } of client.readStream(stream, {
      direction: 'backwards',
      fromRevision: 'end',
      maxCount: 1,
    }))
      return event?.data
  } catch (error) {
    if (!(error instanceof Error && isCommandError(error) && error.type === ErrorType.STREAM_NOT_FOUND)) throw error
  }
  return undefined
}

/** Sends JSON as the administrator; answers the status. */
function post(path: string, body: object): Promise<number | undefined> {
  const text = JSON.stringify(body)
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const auth = `${admin.username}:${admin.password}`
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method: 'POST', ca, auth, headers, timeout: 10_000 }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    sent.on('timeout', () => sent.destroy(new Error('The event store does not answer.')))
    sent.on('error', reject)
    sent.end(text)
  })
}

function unexpected(what: string, status: number | undefined): Error {
  return new Error(
    `${what} was answered with ${status}. The secret event-log-admin-password must be the administrator's, which counts from the first start.`,
  )
}

function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set.`)
  return value
}

function secret(name: string): string {
  return readFileSync(setting(name), 'utf8').trim()
}
