import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'

/** A small program with signatures by rules that are not ours: SHA-1, and nested in it another with data of a vendor. */
export async function legacySignature(folder: string, signer: TestIdentity): Promise<Buffer> {
  const path = (name: string) => join(folder, `legacy-${name}.exe`)
  await writeFile(path('plain'), buildPe({ format: 'PE32' }).bytes)
  await osslsigncodeSign(signer, path('plain'), path('one'), '-h', 'sha1')
  await osslsigncodeSign(signer, path('one'), path('two'), '-nest', '-h', 'sha256', '-addUnauthenticatedBlob')
  return readFile(path('two'))
}
