import { setImmediate as nextTurn } from 'node:timers/promises'
import { DerReader } from '../../signing/cms/index.ts'
import { type Certificate, serialText } from '../certificates/certificate.ts'
import { comparableName, type DistinguishedName, readName } from '../certificates/names.ts'
import { ProxyError } from '../proxy-error.ts'
import { type CrlScope, everything, readScope } from './crl-scope.ts'
import { isSignedBy } from './signatures.ts'

/** A revocation list (RFC 5280 §5), read and not verified yet. */
export type Crl = {
  readonly issuerName: DistinguishedName
  readonly comparableIssuer: string
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** Serial numbers as `serialText` gives them. */
  readonly revoked: ReadonlySet<string>
  readonly scope: CrlScope
  readonly signed: { readonly algorithm: Uint8Array; readonly bytes: Uint8Array; readonly signature: Uint8Array }
}

const code = 'PROXY_CRL_MALFORMED'

/** Between so many entries others get their turn: a list of a hundred thousand must not stop the connections. */
const entriesAtOnce = 2_000

/**
 * Reads a revocation list, PEM or DER.
 *
 * @throws SigningError `PROXY_CRL_MALFORMED`
 * @throws ProxyError `PROXY_CRL_UNSUPPORTED` for a list of changes (delta), for one that speaks for other issuers (indirect), with
 *   a critical extension that is not understood, or without the time of the next one
 */
export async function readCrl(file: Buffer): Promise<Crl> {
  const outer = new DerReader(derOf(file), code)
  const list = outer.enter(0x30, 'the revocation list')
  outer.end('the revocation list')
  const body = list.take(0x30, 'the body of the revocation list')
  const algorithm = list.take(0x30, 'the signature algorithm of the revocation list').encoded
  const signature = list.bitString('the signature of the revocation list')
  list.end('the revocation list')

  const reader = list.inside(body)
  if (reader.nextIs(0x02) && reader.smallInteger('the version of the revocation list') !== 1)
    throw reader.fault('the revocation list has an unknown version')
  const inner = reader.take(0x30, 'the inner signature algorithm of the revocation list')
  if (Buffer.compare(inner.encoded, algorithm) !== 0)
    throw reader.fault('the revocation list names two signature algorithms that are not the same')
  const issuerName = readName(reader.take(0x30, 'the issuer of the revocation list').encoded, code)
  const thisUpdate = reader.wholeSecondsTime('thisUpdate of the revocation list').getTime()
  if (!reader.nextIs(0x17) && !reader.nextIs(0x18))
    throw unsupported('does not say when the next one comes (nextUpdate), which RFC 5280 demands')
  const nextUpdate = reader.wholeSecondsTime('nextUpdate of the revocation list').getTime()
  const revoked = new Set<string>()
  if (reader.nextIs(0x30)) await readEntries(reader.enter(0x30, 'the revoked certificates'), revoked)
  const extensions = reader.takeOptional(0xa0, 'the extensions of the revocation list')
  reader.end('the revocation list')
  const scope = extensions === undefined ? everything : scopeOf(reader.inside(extensions))
  const comparableIssuer = comparableName(issuerName)
  return {
    issuerName,
    comparableIssuer,
    thisUpdate,
    nextUpdate,
    revoked,
    scope,
    signed: { algorithm, bytes: body.encoded, signature },
  }
}

/** Whether an authority made a list: by its name (RFC 5280 §7.1), its key, and, where it restricts it, its key usage. */
export function isListOf(crl: Crl, authority: Certificate, maySignLists: (authority: Certificate) => boolean): boolean {
  if (crl.comparableIssuer !== authority.comparableSubject || !maySignLists(authority)) return false
  const key = authority.opened()?.key
  return key !== undefined && isSignedBy(key, crl.signed, code)
}

async function readEntries(entries: DerReader, revoked: Set<string>): Promise<void> {
  for (let count = 1; entries.hasMore(); count += 1) {
    const entry = entries.enter(0x30, 'a revoked certificate')
    revoked.add(serialText(entry.integer('the serial number of a revoked certificate')))
    entry.takeAny('the time of a revocation')
    if (entry.hasMore()) refuseCritical(entry.enter(0x30, 'the extensions of a revoked certificate'))
    entry.end('a revoked certificate')
    if (count % entriesAtOnce === 0) await nextTurn()
  }
}

/** A critical extension can change what an entry is about, such as whose certificate it is (RFC 5280 §5.3). */
function refuseCritical(extensions: DerReader): void {
  for (const { identifier, critical } of extensionsIn(extensions))
    if (critical) throw unsupported(`has an entry with the critical extension ${identifier}, which is not understood`)
}

function scopeOf(outer: DerReader): CrlScope {
  let scope = everything
  const list = outer.enter(0x30, 'the extensions of the revocation list')
  outer.end('the extensions of the revocation list')
  for (const { identifier, critical, value } of extensionsIn(list)) {
    if (identifier === '2.5.29.28') {
      scope = readScope(value, code)
      if (scope.isIndirect) throw unsupported('speaks for certificates of other issuers (indirect)')
    } else if (identifier === '2.5.29.27')
      throw unsupported('holds only changes since an earlier one (delta); give the whole one')
    else if (critical) throw unsupported(`has the critical extension ${identifier}, which is not understood`)
  }
  return scope
}

function extensionsIn(list: DerReader) {
  const found: { readonly identifier: string; readonly critical: boolean; readonly value: Uint8Array }[] = []
  while (list.hasMore()) {
    const extension = list.enter(0x30, 'an extension of the revocation list')
    const identifier = extension.objectIdentifier('the identifier of an extension')
    const critical = extension.nextIs(0x01) && extension.boolean(`critical of extension ${identifier}`)
    const value = extension.take(0x04, `the value of extension ${identifier}`).content
    extension.end(`extension ${identifier}`)
    found.push({ identifier, critical, value })
  }
  return found
}

function derOf(file: Buffer): Buffer {
  if (file[0] === 0x30) return file
  const [, base64] = /-----BEGIN X509 CRL-----([\w+/=\s]+)-----END X509 CRL-----/.exec(file.toString('latin1')) ?? []
  if (base64 === undefined)
    throw new ProxyError('PROXY_CRL_UNSUPPORTED', 'It is no revocation list, neither PEM nor DER.')
  return Buffer.from(base64, 'base64')
}

function unsupported(what: string): ProxyError {
  return new ProxyError('PROXY_CRL_UNSUPPORTED', `The revocation list ${what}.`)
}
