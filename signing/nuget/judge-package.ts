import type { ExistingSignature } from '../../domain/index.ts'
import { judgeSignature, judgeUnreadable } from '../authenticode/judge-signature.ts'
import { objectIdentifiers, readForeignSignedData, readForeignSigner, valuesOf } from '../cms/index.ts'
import type { DoFileWork } from '../file-passes/index.ts'
import type { ForeignSignature, ForeignTrust, ForeignVerdict, ForeignVerifier } from '../foreign-verifier.ts'
import { openPackage } from './open-package.ts'
import { describePackage, readExisting } from './plan-package.ts'
import { digestPackage, unsignedPackage } from './unsigned-package.ts'

interface SignatureToJudge {
  readonly bytes: Uint8Array
  readonly described: readonly ExistingSignature[]
  readonly trust: ForeignTrust
}

const code = 'NUGET_EXISTING_SIGNATURE_MALFORMED'

/** Judges the signatures of a NuGet package that somebody else made, as NuGet's own client does. */
export const nugetVerifier: ForeignVerifier = {
  directive: 'nuget-verify',
  formats: ['nuget'],
  async verify({ handle, size }, trust, options) {
    const opened = await openPackage({ handle, size }, options)
    const read = await readExisting(opened, options)
    if (read === undefined || opened.signature === undefined) return { isAccepted: false, signatures: [] }
    const hash = read.kind === 'signature' ? read.stated.hash : undefined
    const hashes = hash === undefined ? [] : [hash]
    const digests = await digestPackage(opened, unsignedPackage(opened), hashes, options)
    const described = describePackage(read, 'kept', digests)
    const parameters: SignatureToJudge = { bytes: opened.signature.bytes, described, trust }
    const { signal } = options
    return (await options.passes.parse({ module: import.meta.url, parameters }, { signal })) as ForeignVerdict
  },
}

/** In a thread that reads what others made. */
export const doFileWork: DoFileWork<SignatureToJudge, ForeignVerdict> = async ({ bytes, described, trust }) => {
  const [primary, ...counters] = described
  if (primary === undefined || primary.kind === 'unreadable')
    return { isAccepted: false, signatures: primary === undefined ? [] : [judgeUnreadable(primary)] }
  const signedData = readForeignSignedData(bytes, code)
  const { signer } = signedData
  const values = valuesOf(signer.unsignedAttributes, objectIdentifiers.countersignature)
  const tokenAttribute = objectIdentifiers.timestampToken
  const signatures: ForeignSignature[] = [
    // The counter-signatures are signatures of their own.
    judgeSignature({ ...signedData, signer: withoutCounters(signer) }, primary, trust, { tokenAttribute }),
    ...counters.flatMap((counter, index) => {
      const value = values[index]
      if (counter.kind === 'unreadable' || value === undefined) return []
      const counterSigner = { signer: readForeignSigner(value, code), octets: signer.signature }
      return [judgeSignature(signedData, counter, trust, { counterSigner, tokenAttribute })]
    }),
  ]
  return { isAccepted: signatures.every(({ verdict }) => verdict === 'valid'), signatures }
}

function withoutCounters<Signer extends { readonly unsignedAttributes: readonly { readonly type: string }[] }>(
  signer: Signer,
): Signer {
  const { countersignature } = objectIdentifiers
  return { ...signer, unsignedAttributes: signer.unsignedAttributes.filter(({ type }) => type !== countersignature) }
}
