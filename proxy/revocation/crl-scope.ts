import { DerReader } from '../../signing/cms/index.ts'
import { type Certificate, malformedCertificate } from '../certificates/certificate.ts'
import { comparableName, readName } from '../certificates/names.ts'

/** For which certificates of its issuer a revocation list speaks (RFC 5280 §5.2.5). */
export type CrlScope = {
  /** Names of the distribution point, each in a form in which they are compared; `undefined`: whatever it is. */
  readonly points: ReadonlySet<string> | undefined
  readonly only: 'nodes' | 'authorities' | 'attributes' | undefined
  /** Whether it holds some reasons only: who is not in it may be revoked for another one. */
  readonly isPartial: boolean
  readonly isIndirect: boolean
}

/** The scope of a list that does not restrict it. */
export const everything: CrlScope = { points: undefined, only: undefined, isPartial: false, isIndirect: false }

/** More names and points than any certificate has. */
const mostPoints = 64

/**
 * Reads the extension issuingDistributionPoint.
 *
 * @param code of the `SigningError` that a malformed one gets
 */
export function readScope(value: Uint8Array, code: string): CrlScope {
  const outer = new DerReader(value, code)
  const point = outer.enter(0x30, 'the issuing distribution point')
  outer.end('the issuing distribution point')
  const name = point.takeOptional(0xa0, 'the issuing distribution point')
  const points = name === undefined ? undefined : pointNames(point.inside(name), code)
  const flag = (tag: number) => {
    const found = point.takeOptional(tag, 'the issuing distribution point')
    // DER leaves out what is false, and has one octet for true (X.690 §11.1 and §11.5).
    if (found !== undefined && (found.content.length !== 1 || found.content[0] !== 0xff))
      throw point.fault('a flag of the issuing distribution point is not TRUE')
    return found !== undefined
  }
  const [nodes, authorities] = [flag(0x81), flag(0x82)]
  const isPartial = point.takeOptional(0x83, 'the reasons of the issuing distribution point') !== undefined
  const isIndirect = flag(0x84)
  const attributes = flag(0x85)
  point.end('the issuing distribution point')
  const only = nodes ? 'nodes' : authorities ? 'authorities' : attributes ? 'attributes' : undefined
  return { points, only, isPartial, isIndirect }
}

/**
 * Whether a list of this scope speaks for a certificate of its issuer: of its kind, and of one of its distribution points; each of them is looked
 * at. A list of a distribution point does not speak for a certificate that names none.
 *
 * @throws SigningError `PROXY_CERTIFICATE_MALFORMED`
 */
export function speaksFor({ points, only }: CrlScope, certificate: Certificate, isAuthority: boolean): boolean {
  if (only !== undefined && only !== (isAuthority ? 'authorities' : 'nodes')) return false
  return points === undefined || distributionPoints(certificate).some((name) => points.has(name))
}

/** All names of all distribution points of a certificate that its own issuer's lists are at (RFC 5280 §4.2.1.13). */
function distributionPoints({ extensions }: Certificate): readonly string[] {
  const extension = extensions.get('2.5.29.31')
  if (extension === undefined) return []
  const outer = new DerReader(extension.value, malformedCertificate)
  const list = outer.enter(0x30, 'the distribution points')
  outer.end('the distribution points')
  return list.rest(mostPoints, 'the distribution points').flatMap((element) => {
    const point = list.inside(element)
    const name = point.takeOptional(0xa0, 'a distribution point')
    point.takeOptional(0x81, 'the reasons of a distribution point')
    const isOfAnother = point.hasMore()
    return name === undefined || isOfAnother ? [] : [...pointNames(point.inside(name), malformedCertificate)]
  })
}

/** The names of a DistributionPointName. One that is relative to its issuer's name is compared with nothing. */
function pointNames(choice: DerReader, code: string): Set<string> {
  const full = choice.takeOptional(0xa0, 'the name of a distribution point')
  if (full === undefined) return new Set()
  const names = choice.inside(full).rest(mostPoints, 'the names of a distribution point')
  return new Set(
    names.map(({ tag, content }) =>
      tag === 0xa4
        ? `${tag}:${comparableName(readName(content, code))}`
        : `${tag}:${Buffer.from(content).toString('latin1')}`,
    ),
  )
}
