import {
  assertDescribable,
  authenticodeSign,
  defaultOrders,
  foundDirective,
  type VerifiedSignature,
  wantedBy,
} from '../authenticode/index.ts'
import { onlyDirective } from '../directives.ts'
import type { ForeignVerdict, ForeignVerifier } from '../foreign-verifier.ts'
import type { SignatureFormat } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import type { ScriptToJudge } from './judge-in-thread.ts'
import { type DigestedScript, scriptDigestion } from './script-digestion.ts'
import { kindByName, type ScriptKind, scriptSizeLimit } from './script-kind.ts'
import { signScript } from './sign-script.ts'
import { beginsAsText } from './text-encoding.ts'
import type { ScriptToVerify } from './verify-script.ts'

/** A script by its name and size; what is in it shows when all of it is read. */
export interface ScriptLayout {
  readonly kind: ScriptKind
  /** Bytes. */
  readonly size: number
}

/** What the digest of a script is called in plans. */
const text = 'text'
/** Enough to see that a file is no text. */
const startSize = 4096

/** The format of scripts of some kinds, which have a name and an element in common. */
export function scriptFormat({
  kinds,
  ...naming
}: Pick<SignatureFormat, 'name' | 'title' | 'elements'> & {
  readonly kinds: readonly ScriptKind[]
}): SignatureFormat<ScriptLayout, DigestedScript> {
  function layoutOf(name: string, size: number): ScriptLayout {
    const kind = kindByName(kinds, name)
    if (kind === undefined) throw new Error(`${name} is not the name of a script that ${naming.name} signs.`)
    assertSize(size)
    return { kind, size }
  }
  return {
    ...naming,
    directives: [authenticodeSign],

    async detect({ name, readPart }) {
      if (kindByName(kinds, name) === undefined) return 'foreign'
      if (beginsAsText(await readPart(0, startSize))) return 'recognized'
      return { unsupported: 'has the name of a script, but no text in it that could be one' }
    },

    async checkStart(_start, size) {
      assertSize(size)
      return { isSigned: false }
    },

    defaultOrders,

    readLayout: async (_handle, size, name) => layoutOf(name, size),

    digestion: ({ kind, size }, orders) =>
      scriptDigestion({ kind, size, hashAlgorithm: wantedBy(onlyDirective(orders)).hashAlgorithm }),

    async plan({ digested }, orders) {
      const order = onlyDirective(orders)
      const { hashAlgorithm, append, program } = wantedBy(order)
      assertDescribable(program)
      const { existingSignatures, digest, warnings } = digested
      if (append && existingSignatures.length > 0)
        throw new SigningError(
          'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED',
          'A signature cannot be added to that of a script, only take its place: scripts have one.',
        )
      const contentDigests = [{ content: text, algorithm: hashAlgorithm, digest: Buffer.from(digest).toString('hex') }]
      return { existingSignatures, directives: [{ ...order, contentDigests }], warnings }
    },

    async sign({ handle, size, layout, digested }, directives, { key, certificateChain, timestamps }, { signal }) {
      const { hashAlgorithm, program } = wantedBy(onlyDirective(directives))
      await signScript({ handle, size }, layout.kind, digested, {
        key,
        certificateChain,
        hashAlgorithm,
        ...program,
        ...(timestamps !== undefined && { timestamp: timestamps }),
        ...(signal !== undefined && { signal }),
      })
      return undefined
    },

    async verify(handle, { fileName, certificateChain, trustedTimestampCertificates, at }, { passes, signal }) {
      const { size } = await handle.stat()
      const { kind } = layoutOf(fileName, 0)
      const trust = {
        at,
        trustedCertificates: certificateChain.slice(-1),
        ...(trustedTimestampCertificates !== undefined && { trustedTimestampCertificates }),
      }
      const parameters: ScriptToVerify = { input: handle.fd, size, kind, trust }
      const module = new URL('./verify-script.ts', import.meta.url).href
      return [foundDirective((await passes.parse({ module, parameters }, { signal })) as VerifiedSignature, text)]
    },
  }
}

/** Judges the signatures of scripts that others made. */
export function scriptVerifier(format: string, kinds: readonly ScriptKind[]): ForeignVerifier {
  return {
    directive: 'authenticode-verify',
    formats: [format],
    async verify({ handle, size, name }, trust, { passes, signal }) {
      const kind = kindByName(kinds, name)
      if (kind === undefined) throw new Error(`${name} is not the name of a script that ${format} verifies.`)
      assertSize(size)
      const parameters: ScriptToJudge = { input: handle.fd, size, kind, trust }
      const module = new URL('./judge-in-thread.ts', import.meta.url).href
      return (await passes.parse({ module, parameters }, { signal })) as ForeignVerdict
    },
  }
}

function assertSize(size: number): void {
  if (size > scriptSizeLimit)
    throw new SigningError(
      'SCRIPT_TOO_LARGE',
      `The script has ${size} bytes; scripts of at most ${scriptSizeLimit} bytes are signed.`,
    )
}
