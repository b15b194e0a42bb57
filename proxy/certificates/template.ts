import { DerReader } from '../../signing/cms/index.ts'
import { decodeText } from './names.ts'

/** Microsoft's extension that names the template by which a certificate was issued, [MS-WCCE] §2.2.2.7.7.2. */
export const templateExtension = '1.3.6.1.4.1.311.21.7'
/** The older extension that names it by a word, [MS-WCCE] §2.2.2.7.7.1. */
export const templateNameExtension = '1.3.6.1.4.1.311.20.2'

/** By which template a certificate was issued. */
export type CertificateTemplate = {
  /** Dotted object identifier. */
  readonly id: string
  /** 0 to 4294967295; `undefined` where the certificate leaves it out. */
  readonly majorVersion: number | undefined
  readonly minorVersion: number | undefined
}

const code = 'PROXY_CERTIFICATE_MALFORMED'
const what = 'the certificate template'

/**
 * Reads the value of the extension {@link templateExtension}.
 *
 * @throws SigningError `PROXY_CERTIFICATE_MALFORMED`
 */
export function readTemplate(value: Uint8Array): CertificateTemplate {
  const outer = new DerReader(value, code)
  const template = outer.enter(0x30, what)
  outer.end(what)
  const id = template.objectIdentifier(`the identifier of ${what}`)
  const majorVersion = version(template)
  const minorVersion = majorVersion === undefined ? undefined : version(template)
  template.end(what)
  return { id, majorVersion, minorVersion }
}

/**
 * Reads the value of the extension {@link templateNameExtension}.
 *
 * @throws SigningError `PROXY_CERTIFICATE_MALFORMED`
 */
export function readTemplateName(value: Uint8Array): string {
  const outer = new DerReader(value, code)
  const { tag, content } = outer.takeAny('the name of the certificate template')
  outer.end('the name of the certificate template')
  const name = decodeText(tag, content)
  if (name === undefined) throw outer.fault('the name of the certificate template is no text', 0)
  return name
}

/** Versions as people write them: `100.3`, `100`; `null` where the certificate names none. */
export function templateVersionText({ majorVersion, minorVersion }: CertificateTemplate): string | null {
  if (majorVersion === undefined) return null
  return minorVersion === undefined ? `${majorVersion}` : `${majorVersion}.${minorVersion}`
}

function version(template: DerReader): number | undefined {
  if (!template.hasMore()) return undefined
  const octets = template.integer(`a version of ${what}`)
  // Up to 2^32 - 1, for which DER needs a leading zero.
  if (octets.length > 5 || (octets[0] ?? 0) >= 0x80 || (octets.length === 5 && octets[0] !== 0))
    throw template.fault(`a version of ${what} is out of range`)
  return octets.reduce((value, octet) => value * 256 + octet, 0)
}
