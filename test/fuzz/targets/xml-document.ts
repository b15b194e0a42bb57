import { execFile } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { SigningError } from '../../../signing/signing-error.ts'
import { signatureElement, signedInfo } from '../../../signing/xml/compose-signature.ts'
import { type DocumentFindings, readFindings } from '../../../signing/xml/document-thread.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const run = promisify(execFile)

const bases = [
  '<?xml version="1.0" encoding="utf-8"?>\n<!-- a --><?p x?>\n<r xmlns="urn:a" xmlns:b="urn:b" b:q="1" q=\'>\'>\r\n <b:c/><![CDATA[</r>]]> ä &#13;&amp;<?p </r>?><!-- </r> --></r>\n',
  '<!DOCTYPE r [<!-- > ]> " --><?q ]>?><!ELEMENT r ANY><!ATTLIST r d NMTOKENS #IMPLIED>]><r d=" a  b "><s><t>x</t></s></r>',
  '<x:r xmlns:x="urn:x" a = "/>" />',
].map((text) => Buffer.from(text))

/**
 * Damaged XML documents: each is refused with a code, or signed so that the signature is found again, fits, and nothing else of the
 * document has changed. Of those that are signed one in two hundred is shown to xmlsec1.
 */
export const target: FuzzTarget = {
  name: 'xml-document',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keyFile = join(folder.path, 'key.pem')
    await writeFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    return await fuzzInputs(request, async (random, seed) => {
      const input = mutateBytes(random.oneOf(bases), random)
      const failure = (what: string, cause?: unknown) => new FuzzFailure(seed, input, what, { cause })
      let found: DocumentFindings
      try {
        found = readFindings(input, undefined)
      } catch (error) {
        if (error instanceof SigningError && error.code.startsWith('XML_')) return error.code
        throw failure('no SigningError', error)
      }
      if (found.signatures.length > 0) return 'signed before'
      const digest = Buffer.from(found.digest, 'hex')
      const value = sign('sha256', Buffer.from(signedInfo('rsa', digest)), privateKey)
      const signed = withElement(input, found, signatureElement('rsa', digest, value, []))
      let again: DocumentFindings
      try {
        again = readFindings(signed, undefined)
      } catch (error) {
        throw failure('what was signed cannot be read', error)
      }
      const [signature] = again.signatures
      if (again.digest !== found.digest) throw failure('the signature changed the document')
      if (signature?.kind !== 'signature' || !signature.isLast || signature.checked.digestHolds !== true)
        throw failure('the signature is not found, or does not fit')
      if (seed % 200 === 0) {
        const path = join(folder.path, 'signed.xml')
        await writeFile(path, signed)
        await run('xmlsec1', ['--verify', '--privkey-pem', keyFile, '--node-xpath', '/*/*[last()]', path]).catch(
          (error) => {
            throw failure('xmlsec1 refuses the signature', error)
          },
        )
      }
      return 'signed'
    })
  },
}

function withElement(input: Buffer, { insertion, rootName, encoding }: DocumentFindings, element: string): Buffer {
  const text = input.toString('latin1')
  if (encoding !== 'latin1') throw new Error('The documents here are of bytes.')
  const signed =
    insertion.kind === 'emptyRoot'
      ? `${text.slice(0, insertion.start)}>${element}</${rootName}>${text.slice(insertion.end)}`
      : text.slice(0, insertion.at) + element + text.slice(insertion.at)
  return Buffer.from(signed, 'latin1')
}
