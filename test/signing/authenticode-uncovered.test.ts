import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type SignPeFileRequest, signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { DerReader, der, encodeAttribute, messageSignerOf } from '../../signing/cms/index.ts'
import { createTimestampToken, imprintOf, type TimestampClient } from '../../signing/timestamp/index.ts'
import { fixChecksum, joinSigned, splitSigned } from '../fuzz/mutation/pe.ts'
import { makeIdentity, openssl, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { withCertificate } from '../support/with-certificate.ts'

// What stands in a signed file must be covered by its signature, or be refused, or be named. Each of these carries
// bytes that anybody could put there without a key.
const folder = suiteFolder()
const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'
const stowaway = Buffer.from('anybody can put this here, without any key')
let signer: TestIdentity
let stranger: TestIdentity
let tsa: TestIdentity

beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
  stranger = await makeIdentity(folder, 'ec-p256', { commonName: 'Stranger' })
  tsa = await makeIdentity(folder, 'ec-p256', { commonName: 'Time', extensions: stamping })
})

async function signed(change: Partial<SignPeFileRequest> = {}): Promise<string> {
  const work = temporaryFolder()
  const [inputPath, outputPath] = [join(work, 'input.exe'), join(work, 'signed.exe')]
  await writeFile(inputPath, buildPe({ format: 'PE32+' }).bytes)
  const by = { key: signer.key, certificateChain: signer.chain }
  await signPeFile({ inputPath, outputPath, ...by, hashAlgorithm: 'sha256', ...change })
  return outputPath
}

const verify = (path: string, ...trusted: readonly Uint8Array[]) =>
  verifyPeFile({
    path,
    trustedCertificates: trusted.length === 0 ? [signer.root] : trusted,
    trustedTimestampCertificates: [tsa.root],
  })

async function change(path: string, edit: (bytes: Buffer) => Buffer): Promise<string> {
  const bytes = edit(await readFile(path))
  fixChecksum(bytes)
  await writeFile(path, bytes)
  return path
}

/** The file with another ContentInfo in the place of its own. */
async function withSignature(path: string, edit: (contentInfo: Uint8Array) => Uint8Array): Promise<string> {
  return change(path, (bytes) => {
    const { image, signature } = splitSigned(bytes)
    return joinSigned(image, Buffer.from(edit(signature)))
  })
}

/** A ContentInfo whose SignedData has other fields. */
function editSignedData(contentInfo: Uint8Array, edit: (fields: Uint8Array[]) => Uint8Array[]): Uint8Array {
  const [outer] = elements(contentInfo)
  const [type, explicit] = elements(outer?.content)
  const [signedData] = elements(explicit?.content)
  const fields = edit(elements(signedData?.content).map(({ encoded }) => encoded))
  return der.sequence(type?.encoded as Uint8Array, der.context(0, der.sequence(...fields)))
}

/** The same with unsigned attributes of its only signer. */
function withUnsignedAttribute(contentInfo: Uint8Array, attribute: Uint8Array): Uint8Array {
  return editSignedData(contentInfo, (fields) => {
    const [info] = elements(elements(fields.at(-1))[0]?.content)
    return [...fields.slice(0, -1), der.setOf(der.sequence(info?.content as Uint8Array, der.context(1, attribute)))]
  })
}

function elements(bytes: Uint8Array | undefined) {
  return new DerReader(bytes ?? new Uint8Array(0), 'TEST').rest(20, 'test')
}

/** The certificate with the same name, key and signature, and an extension that was put in afterwards. */
function withExtension(certificate: Uint8Array, issuer?: Uint8Array): Uint8Array {
  const [outer] = elements(certificate)
  const [body, ...rest] = elements(outer?.content)
  const fields = elements(body?.content)
  const [list] = elements(fields.at(-1)?.content)
  const extension = der.sequence(der.objectIdentifier('2.999.7'), der.octetString(stowaway))
  const changed = fields.slice(0, -1).map(({ encoded }, index) => (index === 3 ? (issuer ?? encoded) : encoded))
  return der.sequence(
    der.sequence(...changed, der.context(3, der.sequence(list?.content as Uint8Array, extension))),
    ...rest.map(({ encoded }) => encoded),
  )
}

describe('lengths of the certificate table', () => {
  test('a dwLength that is smaller than its signature needs is refused', async () => {
    const whole = await readFile(await signed())
    const { image, signature } = splitSigned(whole)
    const needed = 8 + signature.length
    const path = join(temporaryFolder(), 'signed.exe')
    for (let length = 0; length <= whole.length - image.length; length++) {
      const bytes = Buffer.from(whole)
      bytes.writeUInt32LE(length, image.length)
      fixChecksum(bytes)
      await writeFile(path, bytes)
      // From there on it leaves out only zeros that align the table.
      if (length >= needed) expect(await verify(path)).toHaveLength(1)
      else await expect(verify(path), `${length}`).rejects.toMatchObject({ code: 'AUTHENTICODE_TABLE_INVALID' })
    }
  })

  test('bytes behind the signature are refused, whether dwLength counts them or not', async () => {
    for (const counted of [true, false])
      for (const more of [Buffer.alloc(8), Buffer.from('8 bytes!'), stowaway]) {
        const path = await change(await signed(), (bytes) => {
          const { image, signature } = splitSigned(bytes)
          const grown = joinSigned(image, Buffer.concat([signature, more]))
          if (!counted) grown.writeUInt32LE(8 + signature.length, image.length)
          return grown
        })
        await expect(verify(path)).rejects.toMatchObject({
          code: expect.stringMatching(/^AUTHENTICODE_(UNSIGNED_CONTENT|TABLE_INVALID)$/),
        })
      }
  })

  test('padding that is not zero is refused, in each of its bytes', async () => {
    const path = await signed()
    const whole = await readFile(path)
    const { image, signature } = splitSigned(whole)
    for (let at = image.length + 8 + signature.length; at < whole.length; at++) {
      const bytes = Buffer.from(whole)
      bytes[at] = 1
      fixChecksum(bytes)
      await writeFile(path, bytes)
      await expect(verify(path)).rejects.toMatchObject({ code: 'AUTHENTICODE_UNSIGNED_CONTENT' })
    }
  })

  test('further entries of the table are refused', async () => {
    const path = await change(await signed(), (bytes) => {
      const { image } = splitSigned(bytes)
      const table = bytes.subarray(image.length)
      const grown = Buffer.concat([bytes, table])
      const entry = grown.readUInt32LE(0x3c) + 24 + 112 + 36
      grown.writeUInt32LE(table.length * 2, entry)
      return grown
    })
    await expect(verify(path)).rejects.toMatchObject({ code: 'AUTHENTICODE_TABLE_INVALID' })
  })
})

describe('embedded certificates', () => {
  const uncovered = {
    code: 'AUTHENTICODE_UNSIGNED_CONTENT',
    message: expect.stringContaining('Root of Signer'),
  }

  test('a root that has only name and key of the trusted one is refused, although its bytes are in no path', async () => {
    const [leaf] = signer.chain as [Uint8Array]
    const forged = withExtension(signer.root)
    // It is a certificate to everybody, and osslsigncode does not mind.
    expect(new X509Certificate(forged).subject).toBe(new X509Certificate(signer.root).subject)
    const path = await signed({ certificateChain: [leaf, forged] })
    await expect(verify(path)).rejects.toMatchObject(uncovered)
    await expect(verify(path, leaf)).rejects.toMatchObject(uncovered)
    expect((await osslsigncodeVerify(path, signer.rootFile)).ok).toBe(true)
    // Without anybody to trust the root inside has to be whole.
    await expect(verifyPeFile({ path })).rejects.toMatchObject({ code: 'AUTHENTICODE_CHAIN_UNTRUSTED' })
  })

  test('nor does a root of a stranger cover it', async () => {
    const [leaf] = signer.chain as [Uint8Array]
    const forged = withExtension(signer.root, subjectOf(stranger.root))
    const path = await signed({ certificateChain: [leaf, forged, stranger.root] })
    await expect(verify(path)).rejects.toMatchObject({ code: 'AUTHENTICODE_UNSIGNED_CONTENT' })
  })

  test('the trusted root itself, and another certificate that it made for its own key, are covered', async () => {
    const [leaf] = signer.chain as [Uint8Array]
    expect(await verify(await signed())).toHaveLength(1)
    const renewed = join(folder, 'renewed.pem')
    await openssl(
      ...['req', '-x509', '-key', join(folder, 'Signer-ec-p256.root.key'), '-out', renewed, '-days', '90'],
      ...['-subj', '/O=Countersign test/CN=Root of Signer ec-p256', '-addext', 'keyUsage=critical,keyCertSign'],
    )
    const other = new X509Certificate(await readFile(renewed)).raw
    expect(other.equals(signer.root)).toBe(false)
    expect(await verify(await signed({ certificateChain: [leaf, other] }))).toHaveLength(1)
  })

  test('whatever the caller has byte for byte is covered, such as the rest of a configured chain', async () => {
    const [leaf] = signer.chain as [Uint8Array]
    const forged = withExtension(signer.root)
    const path = await signed({ certificateChain: [leaf, forged] })
    expect(await verify(path, signer.root, forged)).toHaveLength(1)
  })
})

describe('the sets of SignedData', () => {
  test.each([
    [
      'an algorithm that is not known, with parameters',
      der.sequence(der.objectIdentifier('2.999.7'), der.octetString(stowaway)),
    ],
    ['another one that is known', der.sequence(der.objectIdentifier('2.16.840.1.101.3.4.2.3'), der.nullValue())],
  ])('digestAlgorithms with %s are refused', async (_what, algorithm) => {
    const path = await withSignature(await signed(), (contentInfo) =>
      editSignedData(contentInfo, ([version = stowaway, algorithms, ...rest]) => [
        version,
        der.setOf(elements(algorithms)[0]?.content as Uint8Array, algorithm),
        ...rest,
      ]),
    )
    await expect(verify(path)).rejects.toMatchObject({ code: 'AUTHENTICODE_MALFORMED' })
  })

  test('revocation lists and unsigned attributes that are not known are refused', async () => {
    const withList = await withSignature(await signed(), (contentInfo) => addRevocationList(contentInfo))
    await expect(verify(withList)).rejects.toMatchObject({ code: 'AUTHENTICODE_UNSIGNED_CONTENT' })
    const attribute = encodeAttribute('2.999.7', der.octetString(stowaway))
    const withAttribute = await withSignature(await signed(), (contentInfo) =>
      withUnsignedAttribute(contentInfo, attribute),
    )
    await expect(verify(withAttribute)).rejects.toMatchObject({ code: 'AUTHENTICODE_UNSIGNED_CONTENT' })
  })
})

describe('a time-stamp', () => {
  const stamped = async (edit: (token: Uint8Array) => Uint8Array) =>
    verify(await signed({ timestamp: authority(edit) }))

  test('has nothing that is not covered, as we make it', async () => {
    expect(await stamped((token) => token)).toMatchObject([{ timestamp: { trusted: true, uncovered: [] } }])
  })

  test('with certificates that are not in its path is taken, as real authorities send it, and these are named', async () => {
    expect(await stamped((token) => withCertificate(token, stranger.root))).toMatchObject([
      { timestamp: { uncovered: [expect.stringContaining('Root of Stranger')] } },
    ])
    expect(await stamped((token) => withCertificate(token, withExtension(tsa.root)))).toMatchObject([
      { timestamp: { uncovered: [expect.stringContaining('Root of Time')] } },
    ])
    expect(
      await stamped((token) => withCertificate(token, der.element(0xa2, der.octetString(stowaway)))),
    ).toMatchObject([{ timestamp: { uncovered: ['attribute certificates'] } }])
  })

  test('names the last certificate of a path without a root, where no authority is named as trusted', async () => {
    const [leaf] = tsa.chain as [Uint8Array]
    const uncovered = async (...chain: readonly Uint8Array[]) => {
      const path = await signed({ timestamp: authority((token) => token, { ...tsa, chain }) })
      const [signature] = await verifyPeFile({ path, trustedCertificates: [signer.root] })
      expect(signature?.timestamp).toMatchObject({ trusted: false })
      return signature?.timestamp?.uncovered
    }
    // As authorities send a cross-certificate, whose issuer is not there.
    const cross = withExtension(tsa.root, subjectOf(stranger.root))
    expect(await uncovered(leaf, cross)).toEqual([expect.stringContaining('Root of Time')])
    expect(await uncovered(leaf, tsa.root)).toEqual([])
    // The signed attributes name the authority's own certificate by its digest.
    expect(await uncovered(leaf)).toEqual([])
  })

  test('with unsigned attributes or revocation lists is refused: authorities send none', async () => {
    const attribute = encodeAttribute('2.999.7', der.octetString(stowaway))
    const code = 'AUTHENTICODE_TIMESTAMP_UNSIGNED_CONTENT'
    await expect(stamped((token) => withUnsignedAttribute(token, attribute))).rejects.toMatchObject({ code })
    await expect(stamped(addRevocationList)).rejects.toMatchObject({ code })
  })

  function authority(edit: (token: Uint8Array) => Uint8Array, { key, chain } = tsa): TimestampClient {
    return {
      async timestamp({ signature, hashAlgorithm: hash }) {
        return edit(
          await createTimestampToken({
            request: { imprint: imprintOf(signature, hash), wantsCertificates: true },
            signer: messageSignerOf(key),
            certificateChain: chain,
            hashAlgorithm: 'sha256',
            policy: '2.999.1',
            serialNumber: Uint8Array.of(7),
            time: new Date(),
          }),
        )
      },
    }
  }
})

function addRevocationList(contentInfo: Uint8Array): Uint8Array {
  return editSignedData(contentInfo, (fields) => [
    ...fields.slice(0, -1),
    der.context(1, der.sequence(der.octetString(stowaway))),
    ...fields.slice(-1),
  ])
}

/** The subject of a certificate, a whole Name. */
function subjectOf(certificate: Uint8Array): Uint8Array {
  const [body] = elements(elements(certificate)[0]?.content)
  return elements(body?.content)[5]?.encoded as Uint8Array
}
