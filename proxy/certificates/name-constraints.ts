import { isIP } from 'node:net'
import { type DerElement, DerReader, readBasicConstraints } from '../../signing/cms/index.ts'
import { type Certificate, malformedCertificate as code } from './certificate.ts'
import { comparableName, namedParts, readName, valuesOfPart } from './names.ts'

const nameConstraints = '2.5.29.30'
const subjectAlternativeName = '2.5.29.17'

/** Tags of a GeneralName (RFC 5280 §4.2.1.6). */
const tags = { email: 0x81, dns: 0x82, directory: 0xa4, uri: 0x86, ip: 0x87 } as const

/** More names, and more constraints, than any certificate has; each is compared with each. */
const mostNames = 256

type GeneralName = Pick<DerElement, 'tag' | 'content'>

/**
 * What of a certificate's names an authority above it does not allow (RFC 5280 §4.2.1.10): directory names, DNS names, e-mail
 * addresses, hosts of URIs and IP addresses. A name of another form that is constrained is not allowed either, since nobody here
 * can tell. `undefined` when all are allowed.
 *
 * @throws SigningError `PROXY_CERTIFICATE_MALFORMED`
 */
export function forbiddenName(certificate: Certificate, authority: Certificate): string | undefined {
  const extension = authority.extensions.get(nameConstraints)
  if (extension === undefined) return undefined
  const { permitted, excluded } = readConstraints(extension.value)
  for (const name of namesOf(certificate)) {
    const ofForm = (subtrees: readonly GeneralName[]) => subtrees.filter(({ tag }) => tag === name.tag)
    const [allowed, denied] = [ofForm(permitted), ofForm(excluded)]
    if (allowed.length + denied.length === 0) continue
    if (!Object.values(tags).some((tag) => tag === name.tag))
      return 'a name of a form that is constrained and not known'
    if (name.tag === tags.uri && !isHostName(hostOf(textIn(name.content))))
      return `the name ${textOf(name)}, which has no host to compare`
    if (denied.some((subtree) => isWithin(name, subtree))) return `the name ${textOf(name)}, which is excluded`
    if (allowed.length > 0 && !allowed.some((subtree) => isWithin(name, subtree)))
      return `the name ${textOf(name)}, which is not permitted`
  }
  return undefined
}

/** The DNS names and such of a certificate, its subject among them, and the e-mail addresses in it (RFC 5280 §4.2.1.10). */
function namesOf(certificate: Certificate): readonly GeneralName[] {
  const { subject, subjectName, extensions } = certificate
  const extension = extensions.get(subjectAlternativeName)
  const alternative =
    extension === undefined
      ? []
      : new DerReader(extension.value, code)
          .enter(0x30, 'the alternative names')
          .rest(mostNames, 'the alternative names')
  const emails = alternative.some(({ tag }) => tag === tags.email)
    ? []
    : valuesOfPart(subjectName, namedParts.E ?? '').map((text) => ({
        tag: tags.email,
        content: Buffer.from(text ?? '\0'),
      }))
  const own = subjectName.length === 0 ? [] : [{ tag: tags.directory, content: subject }]
  const hosts = alternative.some(({ tag }) => tag === tags.dns) ? [] : hostsIn(certificate)
  return [...own, ...alternative, ...emails, ...hosts]
}

/**
 * The common names of a node that are names of hosts, or look like some. Rules know nodes by them, so an authority that may name the
 * hosts of one domain only must not name another's here either. OpenSSL judges so, too, of well-formed names.
 */
function hostsIn(certificate: Certificate): readonly GeneralName[] {
  if (readBasicConstraints(certificate, code).isAuthority) return []
  return valuesOfPart(certificate.subjectName, namedParts.CN ?? '').flatMap((text) =>
    text !== undefined && /\S\.\S/.test(text) ? [{ tag: tags.dns, content: Buffer.from(text) }] : [],
  )
}

function readConstraints(value: Uint8Array) {
  const outer = new DerReader(value, code)
  const constraints = outer.enter(0x30, 'the name constraints')
  outer.end('the name constraints')
  const subtrees = (tag: number) => {
    const list = constraints.takeOptional(tag, 'the name constraints')
    return list === undefined ? [] : constraints.inside(list).rest(mostNames, 'the name constraints')
  }
  const base = (subtree: DerElement) => {
    const reader = constraints.inside(subtree)
    const name = reader.takeAny('a name constraint')
    // Minimum and maximum are not used, and DER leaves out the default (RFC 5280 §4.2.1.10).
    reader.end('a name constraint')
    return name
  }
  const permitted = subtrees(0xa0).map(base)
  const excluded = subtrees(0xa1).map(base)
  constraints.end('the name constraints')
  return { permitted, excluded }
}

function isWithin({ tag, content }: GeneralName, { content: base }: GeneralName): boolean {
  switch (tag) {
    case tags.directory:
      return isWithinDirectory(content, base)
    case tags.dns:
      return isWithinDomain(textIn(content), textIn(base), true)
    case tags.email:
      return isWithinMail(textIn(content), textIn(base))
    case tags.uri:
      return isWithinDomain(hostOf(textIn(content)), textIn(base), false)
    default:
      return isWithinNetwork(content, base)
  }
}

function isWithinDirectory(name: Uint8Array, base: Uint8Array): boolean {
  const [inner, outer] = [readName(name, code), readName(base, code)]
  return inner.length >= outer.length && comparableName(inner.slice(0, outer.length)) === comparableName(outer)
}

/** @param withSubdomains whether a constraint that begins with no dot covers what is below it, too: of DNS names it does */
function isWithinDomain(host: string, constraint: string, withSubdomains: boolean): boolean {
  const [name, base] = [host.toLowerCase().replace(/\.$/, ''), constraint.toLowerCase()]
  if (name === '' || base === '') return base === ''
  if (base.startsWith('.')) return name.endsWith(base)
  return name === base || (withSubdomains && name.endsWith(`.${base}`))
}

function isWithinMail(address: string, constraint: string): boolean {
  const at = address.lastIndexOf('@')
  const [mailbox, host] = [address.slice(0, Math.max(at, 0)), address.slice(at + 1)]
  const separator = constraint.lastIndexOf('@')
  if (separator === -1) return isWithinDomain(host, constraint, false)
  return (
    mailbox === constraint.slice(0, separator) && host.toLowerCase() === constraint.slice(separator + 1).toLowerCase()
  )
}

/** A network is an address and a mask (RFC 5280 §4.2.1.10). */
function isWithinNetwork(address: Uint8Array, network: Uint8Array): boolean {
  const { length } = address
  if (network.length !== 2 * length) return false
  return address.every((octet, index) => {
    const mask = network[length + index] ?? 0
    return (octet & mask) === ((network[index] ?? 0) & mask)
  })
}

/** RFC 5280 §4.2.1.10: a URI without a host, or with the address of one, is not allowed where URIs are constrained. */
function isHostName(host: string): boolean {
  return host !== '' && isIP(host.replace(/^\[|\]$/g, '')) === 0
}

function hostOf(uri: string): string {
  return URL.parse(uri)?.hostname ?? ''
}

function textIn(content: Uint8Array): string {
  return Buffer.from(content).toString('latin1')
}

function textOf({ tag, content }: GeneralName): string {
  if (tag === tags.directory)
    return JSON.stringify(
      readName(content, code)
        .flat()
        .map(({ text }) => text),
    )
  return JSON.stringify(tag === tags.ip ? [...content].join('.') : textIn(content).slice(0, 200))
}
