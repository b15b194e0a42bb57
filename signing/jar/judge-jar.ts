import type { ExistingSignature } from '../../domain/index.ts'
import { judgeSignature, judgeUnreadable } from '../authenticode/judge-signature.ts'
import { objectIdentifiers, readForeignSignedData } from '../cms/index.ts'
import type { DoFileWork } from '../file-passes/index.ts'
import type { ForeignSignature, ForeignTrust, ForeignVerdict, ForeignVerifier } from '../foreign-verifier.ts'
import { digestEntries } from './digest-entries.ts'
import { isWeakHash } from './digest-names.ts'
import { existingSignature, judgeContent, statedDigests } from './judge-content.ts'
import { openJar } from './open-jar.ts'
import { readExisting } from './prepare-jar.ts'

interface SignatureToJudge {
  readonly described: ExistingSignature
  readonly block: Uint8Array
  readonly signatureFile: Uint8Array
  /** Weak hashes that it rests on: it proves nothing by these. */
  readonly weakHashes: readonly string[]
}

type Order = { readonly signatures: readonly SignatureToJudge[]; readonly trust: ForeignTrust }

const code = 'JAR_SIGNATURE_FILE_MALFORMED'

/** Judges the signatures of a Java archive that somebody else made, as `jarsigner -verify` does. */
export const jarVerifier: ForeignVerifier = {
  directive: 'jar-verify',
  formats: ['jar'],
  async verify({ handle, size }, trust, options) {
    const jar = await openJar({ handle, size }, options)
    const { manifest, signatures } = await readExisting(jar, options)
    if (signatures.length === 0) return { isAccepted: false, signatures: [] }
    const stated = new Map(manifest?.sections.map((section) => [section.name, statedDigests(section)]))
    const hashesFor = (name: string) => [...new Set((stated.get(name) ?? []).map(({ hash }) => hash))]
    const digests = await digestEntries(handle, jar.files, hashesFor, options)
    const verdicts = manifest === undefined ? new Map() : judgeContent(manifest, digests)
    const parameters: Order = {
      trust,
      signatures: signatures.map((read, index) => {
        const { block, signatureFile } = jar.signatures[index] ?? {}
        const covered = read.kind === 'signature' ? read.covered : []
        const weak = covered.filter((name) => verdicts.get(name) === 'weak').flatMap((name) => stated.get(name) ?? [])
        return {
          described: existingSignature(read, 'kept', verdicts, digests),
          block: block?.bytes ?? new Uint8Array(),
          signatureFile: signatureFile?.bytes ?? new Uint8Array(),
          weakHashes: [...(read.kind === 'signature' ? read.weakHashes : []), ...weak.map(({ hash }) => hash)],
        }
      }),
    }
    const { signal } = options
    return (await options.passes.parse({ module: import.meta.url, parameters }, { signal })) as ForeignVerdict
  },
}

/** In a thread that reads what others made. */
export const doFileWork: DoFileWork<Order, ForeignVerdict> = async ({ signatures, trust }) => {
  const judged = signatures.map((signature) => judge(signature, trust))
  return { isAccepted: judged.every(({ verdict }) => verdict === 'valid'), signatures: judged }
}

function judge(
  { described, block, signatureFile, weakHashes }: SignatureToJudge,
  trust: ForeignTrust,
): ForeignSignature {
  if (described.kind === 'unreadable') return judgeUnreadable(described)
  const signedData = readForeignSignedData(block, code, signatureFile)
  const { timestampToken: tokenAttribute } = objectIdentifiers
  const judged = judgeSignature(signedData, described, trust, { tokenAttribute })
  const weak = [...weakHashes, described.digestAlgorithm].filter(isWeakHash)
  const [hash] = weak
  if (hash === undefined || judged.verdict !== 'valid' || isOldEnough(judged, weak)) return judged
  return {
    ...judged,
    verdict: 'invalid',
    reason: `It rests on ${hash.toUpperCase()}, and Java takes an archive with such a signature for unsigned.`,
  }
}

/** Java takes signatures by SHA-1 that were time-stamped before 2019 (`jdk.jar.disabledAlgorithms`). */
function isOldEnough({ timestamp }: ForeignSignature, weak: readonly string[]): boolean {
  return timestamp?.isTrusted === true && timestamp.time < '2019' && weak.every((hash) => hash === 'sha1')
}
