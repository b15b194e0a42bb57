import type { JudgedSignature, VerifiedFile } from '../local-commands.ts'
import { readableSize } from './quantities.ts'
import { safeText } from './safe-text.ts'
import type { Marker } from './table.ts'

/** What the signatures of a file and of what is in it are worth: a line for each file, and below it one for each signature. */
export function verifiedText(file: VerifiedFile, marker: Marker): string {
  const lines = linesOf(file, marker, 0)
  return `${lines.join('\n')}\n${endOf(file, marker)}\n`
}

function linesOf(file: VerifiedFile, marker: Marker, depth: number): readonly string[] {
  const { name, size, sha256, verdict, unopened, isContainer, files } = file
  const indent = '  '.repeat(depth)
  const signatures = verdict?.signatures ?? []
  const note =
    unopened !== null ? `not opened: ${unopened.code}` : verdict === null || signatures.length > 0 ? '' : 'not signed'
  const head = [marker('strong', safeText(name)), readableSize(size), marker('faint', sha256), note]
  const inside = files.flatMap((each) => linesOf(each, marker, depth + 1))
  // Of archives only what says something is shown.
  const isSilent = depth > 0 && verdict === null && unopened === null && !(isContainer && inside.length > 0)
  if (isSilent) return []
  return [
    `${indent}${head.filter((part) => part !== '').join('  ')}`,
    ...signatures.flatMap((each) => signatureLines(each, marker).map((line) => `${indent}  ${line}`)),
    ...inside,
  ]
}

function signatureLines(signature: JudgedSignature, marker: Marker): readonly string[] {
  const { verdict, reason, signer, digestAlgorithm, timestamp, weaknesses, place } = signature
  const mark = verdict === 'valid' ? marker('good', 'valid') : marker('bad', verdict)
  const by = `${mark}  ${safeText(signer ?? 'an unknown signer')}  (${safeText(place)}, ${safeText(digestAlgorithm ?? 'no digest')})`
  const stamped =
    timestamp === null
      ? []
      : [
          `  time-stamp ${timestamp.time} by ${safeText(timestamp.authority ?? 'an unknown authority')}${timestamp.isTrusted ? '' : ', not trusted'}`,
        ]
  return [
    by,
    ...(reason === null ? [] : [`  ${safeText(reason)}`]),
    ...stamped,
    ...weaknesses.map((weakness) => `  ${marker('waiting', 'weak')}: ${safeText(weakness)}`),
  ]
}

function endOf(file: VerifiedFile, marker: Marker): string {
  const all = signaturesOf(file)
  if (all.length === 0) return marker('bad', 'No signature was found.')
  const bad = all.filter(({ verdict }) => verdict !== 'valid').length
  return bad === 0
    ? marker('good', `Valid: ${all.length} of ${all.length} signatures.`)
    : marker('bad', `Not valid: ${bad} of ${all.length} signatures.`)
}

function signaturesOf({ verdict, files }: VerifiedFile): readonly JudgedSignature[] {
  return [...(verdict?.signatures ?? []), ...files.flatMap(signaturesOf)]
}
