import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ExistingSignature } from '../../domain/index.ts'
import { inspectPeFile, signPeFile } from '../../signing/authenticode/index.ts'
import { DerReader, der, encodeAttribute, encodeDigestAlgorithm, objectIdentifiers } from '../../signing/cms/index.ts'
import { joinSigned, splitSigned } from '../fuzz/mutation/pe.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { buildPe } from '../support/pe-builder.ts'
import { signatureParts, withUnsigned } from '../support/signature-parts.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { timestampsBy } from '../support/time-stamped.ts'

// A signature stays valid whatever stands in those parts of it that nothing signed covers: a plan names all of them.
const folder = suiteFolder()
const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
const hidden = der.octetString(Buffer.from('anything'))
let image: Buffer
let signature: Buffer
let timestamp: Uint8Array
let signer: TestIdentity

beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
  const tsa = await makeIdentity(folder, 'ec-p256', { commonName: 'Time', extensions: stamping })
  const [inputPath, outputPath] = [join(folder, 'plain.exe'), join(folder, 'signed.exe')]
  await writeFile(inputPath, buildPe({ format: 'PE32+' }).bytes)
  const by = { key: signer.key, certificateChain: signer.chain, hashAlgorithm: 'sha256' as const }
  await signPeFile({ inputPath, outputPath, ...by, timestamp: timestampsBy(tsa) })
  const parts = splitSigned(await readFile(outputPath))
  image = parts.image
  signature = parts.signature
  const [attribute] = signatureParts(signature).unsigned
  if (attribute === undefined) throw new Error('There is no time-stamp.')
  timestamp = new DerReader(attribute, 'TEST').enter(0x30, '').rest(2, '')[1]?.content ?? attribute
})

async function existing(contentInfo: Uint8Array): Promise<ExistingSignature | undefined> {
  const path = join(temporaryFolder(), 'changed.exe')
  await writeFile(path, joinSigned(image, Buffer.from(contentInfo)))
  return (await inspectPeFile(path, { hashAlgorithm: 'sha256', append: false })).existingSignatures[0]
}

/** A ContentInfo whose SignedData has other fields. */
function withFields(contentInfo: Uint8Array, change: (fields: readonly Uint8Array[]) => readonly Uint8Array[]) {
  const outer = new DerReader(contentInfo, 'TEST').enter(0x30, '')
  const type = outer.take(0x06, '').encoded
  const fields = outer.enter(0xa0, '').enter(0x30, '').rest(10, '')
  return der.sequence(type, der.context(0, der.sequence(...change(fields.map(({ encoded }) => encoded)))))
}

/** The signature whose signer has other fields: version, name, digest algorithm, attributes, signature algorithm … */
function withSignerField(index: number, field: Uint8Array) {
  const fields = signatureParts(signature).signer.with(index, field)
  return withFields(signature, (all) => all.with(-1, der.element(0x31, der.sequence(...fields))))
}

const sha256WithParameters = der.sequence(der.objectIdentifier(objectIdentifiers.sha256), hidden)
const intact = { kind: 'signature', integrity: 'intact', timestamp: { integrity: 'intact', uncovered: [] } }

test('nothing is named of a signature that hides nothing', async () => {
  expect(await existing(signature)).toMatchObject({ ...intact, uncovered: [] })
})

describe('what nothing covers is named where it is', () => {
  test('parameters of an algorithm', async () => {
    expect(await existing(withSignerField(2, sha256WithParameters))).toMatchObject({
      ...intact,
      uncovered: ['parameters of the digest algorithm'],
    })
    const ecdsa = der.sequence(der.objectIdentifier(objectIdentifiers.ecdsaWithSha256), hidden)
    expect(await existing(withSignerField(4, ecdsa))).toMatchObject({
      ...intact,
      uncovered: ['parameters of the signature algorithm'],
    })
  })

  test('a root that its own key did not sign, whatever else it says', async () => {
    const changed = Buffer.from(signature)
    const end = changed.indexOf(signer.root) + signer.root.length
    changed.writeUInt8(changed.readUInt8(end - 1) ^ 1, end - 1)
    expect(await existing(changed)).toMatchObject({
      ...intact,
      uncovered: ['the certificate "CN=Root of Signer ec-p256,O=Countersign test"'],
    })
  })

  test('an announced algorithm that the signer does not use, or parameters of one', async () => {
    const announcing = (...algorithms: readonly Uint8Array[]) =>
      withFields(signature, (fields) => fields.with(1, der.setOf(encodeDigestAlgorithm('sha256'), ...algorithms)))
    for (const [algorithm, named] of [
      [sha256WithParameters, objectIdentifiers.sha256],
      [der.sequence(der.objectIdentifier('1.2.3')), '1.2.3'],
    ] as const)
      expect(await existing(announcing(algorithm))).toMatchObject({
        ...intact,
        uncovered: [`the digest algorithm ${named}, announced`],
      })
  })

  test('a second value beside a time-stamp, and a counter-signature that is not described', async () => {
    const stamp = encodeAttribute(objectIdentifiers.spcRfc3161Timestamp, timestamp, hidden)
    const counter = encodeAttribute(objectIdentifiers.countersignature, hidden)
    expect(await existing(withUnsigned(signature, [stamp, counter]))).toMatchObject({
      ...intact,
      uncovered: [
        `the unsigned attribute ${objectIdentifiers.countersignature}`,
        `further values of the unsigned attribute ${objectIdentifiers.spcRfc3161Timestamp}`,
      ],
    })
  })

  test('parameters in the time-stamp', async () => {
    const token = withFields(timestamp, (fields) => fields.with(1, der.element(0x31, sha256WithParameters)))
    const stamp = encodeAttribute(objectIdentifiers.spcRfc3161Timestamp, token)
    expect(await existing(withUnsigned(signature, [stamp]))).toMatchObject({
      ...intact,
      timestamp: { integrity: 'intact', uncovered: [`the digest algorithm ${objectIdentifiers.sha256}, announced`] },
    })
  })
})

describe('a signature is unreadable with bytes where the standard has none:', () => {
  /** The same with an element more, in the sequence that the reader is at. */
  const longer = (element: Uint8Array) =>
    der.element(element[0] ?? 0, new DerReader(element, 'TEST').takeAny('').content, hidden)

  test('behind the content of a ContentInfo, also of a time-stamp', async () => {
    expect(await existing(longer(signature))).toMatchObject({ kind: 'unreadable' })
    const stamp = encodeAttribute(objectIdentifiers.spcRfc3161Timestamp, longer(timestamp))
    expect(await existing(withUnsigned(signature, [stamp]))).toMatchObject({
      timestamp: null,
      uncovered: [`the unsigned attribute ${objectIdentifiers.spcRfc3161Timestamp}`],
    })
  })

  test('behind the signed content', async () => {
    const changed = withFields(signature, (fields) => fields.with(2, longer(fields[2] ?? hidden)))
    expect(await existing(changed)).toMatchObject({ kind: 'unreadable' })
  })

  test('in a version', async () => {
    const version = der.integer(new Uint8Array(64).fill(1))
    expect(await existing(withSignerField(0, version))).toMatchObject({ kind: 'unreadable' })
    expect(await existing(withFields(signature, (fields) => fields.with(0, version)))).toMatchObject({
      kind: 'unreadable',
    })
  })
})

test('a signature is read whose content somebody has put into an OCTET STRING, as install4j did', async () => {
  // Its message digest is over the whole SpcIndirectDataContent then, so this one does not fit its signer.
  const changed = withFields(signature, (fields) => {
    const [type, explicit] = new DerReader(fields[2] ?? hidden, 'TEST').enter(0x30, '').rest(2, '')
    if (type === undefined || explicit === undefined) throw new Error('There is no content.')
    return fields.with(2, der.sequence(type.encoded, der.context(0, der.octetString(explicit.content))))
  })
  expect(await existing(changed)).toMatchObject({ kind: 'signature', digestAlgorithm: 'sha256', integrity: 'invalid' })
})
