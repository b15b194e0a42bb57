import { matchesGlob } from '../../domain/index.ts'
import { readExtendedKeyUsages } from '../../signing/cms/index.ts'
import { type Certificate, malformedCertificate } from '../certificates/certificate.ts'
import { namedParts, valuesOfPart } from '../certificates/names.ts'
import { clientAuthentication, type PathFault } from '../certificates/path.ts'
import {
  type CertificateTemplate,
  readTemplate,
  readTemplateName,
  templateExtension,
  templateNameExtension,
  templateVersionText,
} from '../certificates/template.ts'
import type { RuleSetConfiguration, SubjectCondition } from '../config/schema.ts'

/** What a rule set says of a node's certificate itself. */
export type CertificateConditions = Pick<RuleSetConfiguration, 'subject' | 'template' | 'extendedKeyUsages'>

/** By which template a certificate was issued, in both forms. */
export type StatedTemplate = { readonly template: CertificateTemplate | undefined; readonly name: string | undefined }

/**
 * Holds a certificate against conditions.
 *
 * @returns the first that it does not meet; `undefined` when it meets all
 * @throws SigningError `PROXY_CERTIFICATE_MALFORMED`
 */
export function unmetCondition(
  certificate: Certificate,
  stated: StatedTemplate,
  { subject, template, extendedKeyUsages }: CertificateConditions,
): PathFault | undefined {
  const { usages = [] } = readExtendedKeyUsages(certificate, malformedCertificate)
  const wanted = extendedKeyUsages.map((usage) => (usage === 'clientAuth' ? clientAuthentication : usage))
  const missing = wanted.find((usage) => !usages.includes(usage))
  if (missing !== undefined)
    return { reason: 'extendedKeyUsage', detail: `the certificate lacks the extended key usage ${missing}` }
  const unmet = subject?.all?.find((condition) => !meets(certificate, condition))
  if (unmet !== undefined) return { reason: 'subject', detail: `the subject does not meet ${textOf(unmet)}` }
  if (subject?.any?.some((condition) => meets(certificate, condition)) === false)
    return { reason: 'subject', detail: `the subject meets none of ${subject.any.map(textOf).join(', ')}` }
  return template === undefined ? undefined : unmetTemplate(stated, template)
}

/** The templates that a certificate names. @throws SigningError `PROXY_CERTIFICATE_MALFORMED` */
export function statedTemplate({ extensions }: Certificate): StatedTemplate {
  const [byId, byName] = [extensions.get(templateExtension), extensions.get(templateNameExtension)]
  return {
    template: byId === undefined ? undefined : readTemplate(byId.value),
    name: byName === undefined ? undefined : readTemplateName(byName.value),
  }
}

function unmetTemplate(
  { template, name }: StatedTemplate,
  demanded: NonNullable<CertificateConditions['template']>,
): PathFault | undefined {
  const isRight =
    (demanded.id === undefined || demanded.id === template?.id) &&
    fitsVersion(template?.majorVersion, demanded.majorVersion) &&
    fitsVersion(template?.minorVersion, demanded.minorVersion) &&
    (demanded.name === undefined || demanded.name === name)
  if (isRight) return undefined
  const version = template === undefined ? null : templateVersionText(template)
  const named = [template?.id, version === null ? undefined : `version ${version}`, name].filter(
    (part) => part !== undefined,
  )
  return {
    reason: 'template',
    detail: `the certificate is of ${named.length === 0 ? 'no template' : `the template ${named.join(', ')}`}`,
  }
}

type DemandedVersion = NonNullable<CertificateConditions['template']>['majorVersion']

function fitsVersion(version: number | undefined, demanded: DemandedVersion): boolean {
  if (demanded === undefined) return true
  if (version === undefined) return false
  return typeof demanded === 'number' ? version === demanded : version >= demanded.atLeast
}

/**
 * Whether a part of the subject is as demanded. There may be several of it, and one must be; but a certificate with several common
 * names is nobody's: programs disagree which of them counts.
 */
function meets({ subjectName }: Certificate, { part, equals, matches, ignoreCase }: SubjectCondition): boolean {
  const type = namedParts[part] ?? part
  const values = valuesOfPart(subjectName, type)
  if (type === namedParts.CN && values.length > 1) return false
  const fold = (text: string) => (ignoreCase ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text)
  return values.some((value) => {
    if (value === undefined) return false
    if (equals !== undefined) return fold(value) === fold(equals)
    return matches !== undefined && isPlainFor(value, matches) && matchesGlob(fold(matches), fold(value))
  })
}

/** What a wildcard stands for is printable ASCII: letters of other scripts look like those of names that are trusted. */
function isPlainFor(value: string, glob: string): boolean {
  return [...value].every((character) => /^[\x20-\x7e]$/.test(character) || glob.includes(character))
}

function textOf({ part, equals, matches, ignoreCase }: SubjectCondition): string {
  const how = equals === undefined ? `matches ${JSON.stringify(matches)}` : `equals ${JSON.stringify(equals)}`
  return `${part} ${how}${ignoreCase ? ' (in any case)' : ''}`
}
