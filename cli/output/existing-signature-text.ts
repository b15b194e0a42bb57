import type { ExistingSignature } from '../signing-plan.ts'
import { readableTime } from './quantities.ts'
import type { Cell } from './table.ts'

type Fields = readonly (readonly [name: string, value: Cell | null])[]

/** The signatures that a file has already, and what becomes of each. Nothing when it has none. */
export function existingSignatureFields(signatures: readonly ExistingSignature[]): Fields {
  if (signatures.length === 0) return []
  return [
    ...signatures.flatMap((signature) => signatureFields(signature)),
    [
      '  note',
      {
        text: 'names are as the signatures state them; whether to trust their certificates is not judged',
        mark: 'faint',
      },
    ],
  ]
}

function signatureFields(signature: ExistingSignature): Fields {
  const { place, depth, outcome, sha256 } = signature
  const heading = depth > 0 ? 'signed besides' : 'signed already'
  const marked = (text: string): Cell => ({
    text: `${outcome}: ${text}`,
    mark: outcome === 'kept' ? 'good' : 'waiting',
  })
  if (signature.kind === 'unreadable')
    return [
      [heading, marked('by what is no readable signature')],
      ['  place', place],
      ['  reason', { text: signature.reason, mark: 'bad' }],
      ['  SHA-256', sha256],
    ]
  const { signer, issuer, serialNumber, digestAlgorithm, integrity, timestamp, uncovered } = signature
  return [
    [heading, marked(signer ?? 'by a signer whose certificate is not there')],
    ['  place', place],
    ['  issuer', issuer === null ? null : `${issuer}, serial number ${serialNumber}`],
    ['  digest', integrityText(digestAlgorithm, integrity)],
    ...timestampFields(timestamp),
    ...uncovered.map((text) => ['  not covered', text] as const),
    ['  SHA-256', sha256],
  ]
}

function timestampFields(timestamp: Extract<ExistingSignature, { kind: 'signature' }>['timestamp']): Fields {
  if (timestamp === null) return [['  time-stamp', 'none']]
  const { kind, time, authority, integrity, uncovered } = timestamp
  const by = `${readableTime(time)} by ${authority ?? 'an authority whose certificate is not there'}`
  const how = kind === 'countersignature' ? `${by} (in the form from before RFC 3161)` : by
  return [
    ['  time-stamp', integrity === 'intact' ? how : { text: `${how}; ${faults[integrity]}`, mark: 'bad' }],
    ...uncovered.map((text) => ['  not covered', `${text}, in the time-stamp`] as const),
  ]
}

const faults: Readonly<Record<string, string>> = {
  fileChanged: 'WRONG: the file was changed after it was signed',
  invalid: "WRONG: its certificate's key did not make it for this",
  unchecked: 'cannot be checked here',
}

function integrityText(algorithm: string, integrity: string): Cell {
  if (integrity === 'intact') return `${algorithm}, fits the file`
  return { text: `${algorithm}, ${faults[integrity] ?? integrity}`, mark: 'bad' }
}
