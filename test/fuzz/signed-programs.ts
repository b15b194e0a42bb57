import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type SignPeFileRequest, signPeFile } from '../../signing/authenticode/index.ts'
import { messageSignerOf } from '../../signing/cms/index.ts'
import { createTimestampToken, imprintOf, type TimestampClient } from '../../signing/timestamp/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'

/** What the targets for programs start from. */
export interface FuzzPrograms {
  readonly signer: TestIdentity
  /** Small programs without a signature, of both formats, with and without bytes behind the last section. */
  readonly unsigned: readonly Buffer[]
  /** Signed ones: by us and by osslsigncode, with time-stamps, descriptions and nested signatures. */
  readonly signed: readonly Buffer[]
  /** DER certificates to trust. */
  readonly trust: {
    readonly trustedCertificates: readonly Uint8Array[]
    readonly trustedTimestampCertificates: readonly Uint8Array[]
  }
  /** The same as PEM files. */
  readonly roots: { readonly signers: string; readonly authorities: string }
}

const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'

/** Makes keys, certificates and programs in `folder`. */
export async function makeFuzzPrograms(folder: string): Promise<FuzzPrograms> {
  const [signer, other, tsa] = await Promise.all([
    makeIdentity(folder, 'rsa-2048'),
    makeIdentity(folder, 'ec-p256', { commonName: 'Other signer' }),
    makeIdentity(folder, 'rsa-2048', { commonName: 'Time', extensions: stamping }),
  ])
  const signers = join(folder, 'roots.pem')
  await writeFile(signers, Buffer.concat([await readFile(signer.rootFile), await readFile(other.rootFile)]))
  const unsigned = [
    buildPe({ format: 'PE32' }).bytes,
    buildPe({ format: 'PE32+', sections: [512, 256, 0], overlay: 13 }).bytes,
    buildPe({ format: 'PE32+', subsystem: 10 }).bytes,
    buildPe({ format: 'PE32', sections: [512], directories: 6, peOffset: 0x40 }).bytes,
  ]
  const [plain] = unsigned
  if (plain === undefined) throw new Error('there is no program')
  const path = (name: string) => join(folder, `${name}.exe`)
  await writeFile(path('plain'), plain)
  const sign = async (from: string, to: string, by: TestIdentity, change: Partial<SignPeFileRequest>) => {
    const certificates = { key: by.key, certificateChain: by.chain }
    const paths = { inputPath: path(from), outputPath: path(to) }
    await signPeFile({ ...paths, ...certificates, hashAlgorithm: 'sha256', ...change })
  }
  await sign('plain', 'ec', other, { description: 'Name', descriptionUrl: 'https://a.example/' })
  await sign('plain', 'stamped', signer, { timestamp: authority(tsa) })
  await sign('stamped', 'nested', other, { append: true })
  const stamps = ['-TSA-certs', tsa.chainFile, '-TSA-key', tsa.keyFile]
  await osslsigncodeSign(signer, path('plain'), path('osslsigncode'), '-h', 'sha384', '-n', 'Name', ...stamps)
  return {
    signer,
    unsigned,
    signed: await Promise.all(['ec', 'stamped', 'nested', 'osslsigncode'].map((name) => readFile(path(name)))),
    trust: {
      trustedCertificates: [signer.root, other.root],
      trustedTimestampCertificates: [tsa.root],
    },
    roots: { signers, authorities: tsa.rootFile },
  }
}

/** A time-stamp authority in this process. */
function authority({ key, chain }: TestIdentity): TimestampClient {
  return {
    timestamp: ({ signature, hashAlgorithm: hash }) =>
      createTimestampToken({
        request: { imprint: imprintOf(signature, hash), wantsCertificates: true },
        signer: messageSignerOf(key),
        certificateChain: chain,
        hashAlgorithm: 'sha256',
        policy: '2.999.1',
        serialNumber: Uint8Array.of(7),
        time: new Date(),
      }),
  }
}
