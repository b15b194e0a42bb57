import type { HashAlgorithm } from '../../domain/index.ts'
import { der, encodeAttribute, encodeDigestAlgorithm, objectIdentifiers } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'

/** What a signature says about the program, shown by Windows before it runs it. */
export interface ProgramDescription {
  /** Name of the program; at most 1000 characters of the Basic Multilingual Plane, none of them a control character. */
  readonly description?: string
  /** Where people find more about it: an absolute http or https address in ASCII. */
  readonly descriptionUrl?: string
}

/**
 * SpcIndirectDataContent: the digest of a file, as the content of an Authenticode signature.
 *
 * @param subject what the digest is of, and by which rule: {@link peSubject} or one of {@link sipSubject}
 */
export function encodeIndirectData(subject: Uint8Array, hash: HashAlgorithm, digest: Uint8Array): Uint8Array {
  return der.sequence(subject, der.sequence(encodeDigestAlgorithm(hash), der.octetString(digest)))
}

/**
 * SpcPeImageData of a PE image. Its file is the constant `<<<Obsolete>>>` that the specification asks for, or a moniker with the digests of
 * the image's pages.
 *
 * @param pageHashes as a signature holds them
 */
export function peSubject(pageHashes?: Uint8Array): Uint8Array {
  const link =
    pageHashes === undefined
      ? der.context(2, der.contextPrimitive(0, utf16('<<<Obsolete>>>')))
      : der.context(1, der.octetString(pagesClass), der.octetString(encodePages(pageHashes)))
  const peImageData = der.sequence(der.bitString(0, new Uint8Array(0)), der.context(0, link))
  return der.sequence(der.objectIdentifier(objectIdentifiers.spcPeImageData), peImageData)
}

/** The class of a moniker that holds digests of pages, as SignTool writes it. */
const pagesClass = Buffer.from('a6b586d5b4a12466ae05a217da8e60d6', 'hex')

function encodePages(hashes: Uint8Array): Uint8Array {
  const values = der.setOf(der.octetString(hashes))
  return der.setOf(der.sequence(der.objectIdentifier(objectIdentifiers.spcPageHashesSha256), values))
}

/** The signed attributes of Authenticode beside those of every SignedData: SpcStatementType and SpcSpOpusInfo. */
export function encodeSignedAttributes(program: ProgramDescription): readonly Uint8Array[] {
  const name =
    program.description === undefined ? [] : [der.context(0, der.contextPrimitive(0, utf16(program.description)))]
  const link =
    program.descriptionUrl === undefined
      ? []
      : [der.context(1, der.contextPrimitive(0, Buffer.from(program.descriptionUrl, 'ascii')))]
  return [
    encodeAttribute(
      objectIdentifiers.spcStatementType,
      der.sequence(der.objectIdentifier(objectIdentifiers.spcIndividualCodeSigning)),
    ),
    encodeAttribute(objectIdentifiers.spcOpusInfo, der.sequence(...name, ...link)),
  ]
}

/** Control characters, those that change the direction of text, half characters, and what a BMPString has no form for (X.680 §41). */
const undescribable = /[\p{Cc}\p{Bidi_Control}\p{Cs}\p{Noncharacter_Code_Point}\u{10000}-\u{10ffff}]/u

/**
 * Refuses descriptions that a signature cannot carry or that would show as something else than they are.
 *
 * @throws SigningError `AUTHENTICODE_DESCRIPTION_INVALID`, `AUTHENTICODE_DESCRIPTION_URL_INVALID`
 */
export function assertDescribable({ description, descriptionUrl }: ProgramDescription): void {
  if (description !== undefined && (description === '' || description.length > 1000 || undescribable.test(description)))
    throw new SigningError(
      'AUTHENTICODE_DESCRIPTION_INVALID',
      'The description must have 1 to 1000 characters up to U+FFFD, whole ones, and none that control or change the direction of text.',
    )
  if (
    descriptionUrl !== undefined &&
    (!/^https?:\/\/[\x21-\x7e]+$/.test(descriptionUrl) || descriptionUrl.length > 2000 || !URL.canParse(descriptionUrl))
  )
    throw new SigningError(
      'AUTHENTICODE_DESCRIPTION_URL_INVALID',
      'The description URL must be an absolute http or https address in ASCII of at most 2000 characters.',
    )
}

/** Two bytes a character, as a BMPString has them. */
function utf16(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le').swap16()
}
