import { generateKeyPairSync } from 'node:crypto'
import { readFindings, withValue } from '../../../signing/jsf/document-thread.ts'
import { type JsonDocument, readJsonDocument } from '../../../signing/jsf/read-document.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { type Splice, spliced } from '../../../signing/splice-file.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const certificate = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
const signature = { algorithm: 'ES256', certificatePath: [certificate.toString('base64url')] }
const value = 'AAAA'
const bases = [
  '\ufeff{\r\n  "a": [1.10, 1E2, -0, 5e-324, true, null],\r\n  "b": { "c\\u0041": "\\ud834\\udd1e ü \\/" },\r\n  "": ""\r\n}\r\n',
  `{"x":1,"signature":${JSON.stringify({ ...signature, value })},"y":{"signature":[]}}`,
  '{}',
].map((text) => Buffer.from(text))

/**
 * Damaged JSON documents: each is refused with a code, or gets a signature that is found again and covers the same; everything else of
 * the document keeps its bytes.
 */
export const target: FuzzTarget = {
  name: 'json-document',
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      const input = mutateBytes(random.oneOf(bases), random)
      const failure = (what: string, cause?: unknown) => new FuzzFailure(seed, input, what, { cause })
      let document: JsonDocument
      let digest: string
      let splices: readonly Splice[]
      try {
        document = readJsonDocument(input)
        const found = readFindings(document, 'sha256', signature)
        digest = found.digest
        splices = withValue(found.toSign?.splices ?? [], value)
      } catch (error) {
        if (error instanceof SigningError && /^JS(?:ON|F)_/.test(error.code)) return error.code
        throw failure('no SigningError', error)
      }
      const signed = spliced(input, splices)
      const kept = spliced(
        input,
        splices.map((splice) => ({ ...splice, bytes: Buffer.alloc(0) })),
      )
      try {
        const again = readJsonDocument(signed)
        const found = readFindings(again, 'sha256', undefined)
        if (found.digest !== digest) throw failure('the signature changed the document')
        if (found.existing?.kind !== 'signature' || found.existing.others.length > 0)
          throw failure('the signature is not found')
        const { name } = again.members.at(-1) ?? {}
        if (name !== 'signature' || again.members.filter((each) => each.name === name).length !== 1)
          throw failure('the signature is not the last property')
      } catch (error) {
        throw error instanceof FuzzFailure ? error : failure('what was signed cannot be read', error)
      }
      const added = splices.reduce((sum, { bytes }) => sum + bytes.length, 0)
      if (signed.length !== kept.length + added) throw failure('other bytes have changed')
      return document.members.some(({ name }) => name === 'signature') ? 'signed again' : 'signed'
    }),
}
