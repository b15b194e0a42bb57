import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inspectPeFile } from '../../signing/authenticode/index.ts'
import { der, encodeAttribute, encodeDigestAlgorithm, objectIdentifiers } from '../../signing/cms/index.ts'
import { joinSigned } from '../fuzz/mutation/pe.ts'
import { buildPe } from '../support/pe-builder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// Signatures that nobody made: whoever submits a file chooses all of its bytes.

const algorithm = encodeDigestAlgorithm('sha256')

/** A ContentInfo whose structure is right and whose signature is none. */
function shapeOfSignature(unsigned: readonly Uint8Array[]): Uint8Array {
  const content = der.sequence(der.sequence(), der.sequence(algorithm, der.octetString(new Uint8Array(32))))
  const signer = der.sequence(
    der.integer(1),
    der.sequence(der.sequence(), der.integer(1)),
    ...[algorithm, algorithm, der.octetString(new Uint8Array(1))],
    ...(unsigned.length > 0 ? [der.context(1, ...unsigned)] : []),
  )
  const signed = der.sequence(der.objectIdentifier(objectIdentifiers.spcIndirectData), der.context(0, content))
  const signedData = der.sequence(der.integer(1), der.setOf(algorithm), signed, der.setOf(signer))
  return der.sequence(der.objectIdentifier(objectIdentifiers.signedData), der.context(0, signedData))
}

/** As many unsigned attributes as are read, each with as many nested signatures. */
function nesting(nested: Uint8Array, attributes = 64): Uint8Array {
  const values = Array.from({ length: 64 }, () => nested)
  const attribute = encodeAttribute(objectIdentifiers.spcNestedSignature, ...values)
  return shapeOfSignature(Array.from({ length: attributes }, () => attribute))
}

async function existing(bytes: Uint8Array, append = false) {
  const path = join(temporaryFolder(), 'hostile.exe')
  await writeFile(path, bytes)
  return (await inspectPeFile(path, { hashAlgorithm: 'sha256', append })).existingSignatures
}

const { bytes: program } = buildPe({ format: 'PE32+' })

describe('of what a file carries in the place of signatures', () => {
  test('a few are read where there are a million, nested in each other', async () => {
    const million = nesting(nesting(der.nullValue()), 4)
    expect(million.length).toBeLessThan(3_000_000)
    const found = await existing(joinSigned(program, Buffer.from(million)))
    expect(found).toHaveLength(17)
    expect(found.at(-1)).toMatchObject({ reason: 'There are more signatures, which are not listed.' })
  })

  test('no more bytes are read than one signature may have, in how many entries they may stand', async () => {
    const large = shapeOfSignature([encodeAttribute('1.2.3', der.octetString(new Uint8Array(9 * 1024 * 1024)))])
    const one = joinSigned(program, Buffer.from(large))
    const entry = one.subarray(program.length)
    const two = Buffer.concat([one, entry])
    two.writeUInt32LE(2 * entry.length, two.readUInt32LE(0x3c) + 24 + 112 + 4 * 8 + 4)
    expect(await existing(two)).toMatchObject([
      { kind: 'signature' },
      { kind: 'unreadable', reason: expect.stringContaining('at most 16777216 bytes are read') },
    ])
  })

  test('an EFI image keeps no more bytes either', async () => {
    const large = shapeOfSignature([encodeAttribute('1.2.3', der.octetString(new Uint8Array(9 * 1024 * 1024)))])
    const { bytes } = buildPe({ format: 'PE32+', subsystem: 10 })
    const one = joinSigned(bytes, Buffer.from(large))
    const entry = one.subarray(bytes.length)
    const two = Buffer.concat([one, entry])
    two.writeUInt32LE(2 * entry.length, two.readUInt32LE(0x3c) + 24 + 112 + 4 * 8 + 4)
    await expect(existing(two, true)).rejects.toMatchObject({
      code: 'AUTHENTICODE_EXISTING_SIGNATURE_UNSUPPORTED',
      message: expect.stringContaining('at most 16777216 are kept'),
    })
  })
})
