import { z } from 'zod'
import { Refusal } from '../domain/index.ts'
import { requireRecordable, type SubmittedHashes } from './submitted-hashes.ts'

const text = z.string().nullish()
const document = z.strictObject({
  signaturealgorithm: z.enum(['RsaPkcs1', 'RsaPss', 'Ecdsa']),
  rsahashalgorithm: text,
  ecdsasignatureformat: z.enum(['Ieee', 'Asn1']).nullish(),
  base64encodedhash: text,
  base64encodedhashes: z.array(z.string()).nullish(),
  metadata: z.unknown().optional(),
})

/**
 * What a document asks for, in the form of the known service's payload: names without regard to case, one hash or many.
 *
 * @throws Refusal `HASH_PAYLOAD_MALFORMED`
 */
export function hashesInDocument(json: string): SubmittedHashes {
  const parsed = document.safeParse(withoutCase(parsedJson(json)))
  if (!parsed.success)
    throw new Refusal(
      'HASH_PAYLOAD_MALFORMED',
      `The document of hashes is not of the form that hash signing takes: ${z.prettifyError(parsed.error)}`,
      { field: 'artifact' },
    )
  const { signaturealgorithm, rsahashalgorithm, ecdsasignatureformat, metadata, ...given } = parsed.data
  const { base64encodedhash: one, base64encodedhashes: many } = given
  if ((one == null) === (many == null))
    throw new Refusal('HASH_PAYLOAD_MALFORMED', 'Give one of Base64EncodedHash and Base64EncodedHashes.', {
      field: 'Base64EncodedHash',
    })
  return {
    signatureAlgorithm: signaturealgorithm,
    rsaHashAlgorithm: rsahashalgorithm,
    ecdsaSignatureFormat: ecdsasignatureformat,
    hashes: many ?? [one ?? ''],
    metadata: metadata === undefined ? null : textOf(metadata),
  }
}

/** Whether a text is a document that asks for signatures of hashes, in whatever form. */
export function asksForHashes(text: string): boolean {
  if (!/signaturealgorithm/i.test(text)) return false
  try {
    const names = Object.keys(JSON.parse(text.replace(/^\uFEFF/, ''))).map((name) => name.toLowerCase())
    return names.includes('signaturealgorithm') && names.some((name) => /^base64encodedhash(?:es)?$/.test(name))
  } catch {
    return false
  }
}

/** Writing nested values takes a stack that their depth, which reading does not limit, may exceed. */
function textOf(metadata: unknown): string {
  requireRecordable(metadata)
  return JSON.stringify(metadata)
}

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json.replace(/^\uFEFF/, ''))
  } catch {
    throw new Refusal('HASH_PAYLOAD_MALFORMED', 'The document of hashes is no JSON.', { field: 'artifact' })
  }
}

function withoutCase(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).map(([name, each]) => [name.toLowerCase(), each] as const)
  const names = new Set(entries.map(([name]) => name))
  if (names.size < entries.length)
    throw new Refusal('HASH_PAYLOAD_MALFORMED', 'The document of hashes has one name twice.', { field: 'artifact' })
  return Object.fromEntries(entries)
}
