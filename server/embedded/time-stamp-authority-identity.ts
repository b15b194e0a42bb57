import 'reflect-metadata'
import { createPrivateKey, KeyObject, randomBytes, randomUUID, X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { objectIdentifiers } from '../../signing/cms/index.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { syncToDisk, writeNewFile } from '../whole-file.ts'

/** What the embedded time-stamp authority signs with. */
export interface TimeStampAuthorityIdentity {
  readonly key: KeyObject
  /** DER certificates: the authority's and its root's. */
  readonly certificateChain: readonly [Uint8Array, Uint8Array]
  /** The root as a PEM file, for verifiers: `osslsigncode verify -TSA-CAfile`, `openssl ts -verify -CAfile`. */
  readonly rootCertificatePath: string
}

const folderName = 'time-stamp-authority'
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const validYears = 20

/**
 * Opens the identity of the embedded time-stamp authority, making it on the first start: a root, and a certificate for
 * time-stamping with its P-256 key, in `time-stamp-authority/` under the data directory. The root's key is not kept, so
 * nothing else can be issued under it. The folder appears as a whole: a crash on the way leaves nothing that
 * counts, and of several processes that start at once all end up with the same identity.
 *
 * @throws SigningError `TIMESTAMP_AUTHORITY_DAMAGED` when the folder is there but not whole
 */
export async function prepareTimeStampAuthority(options: {
  readonly dataDirectory: string
}): Promise<TimeStampAuthorityIdentity> {
  const folder = join(options.dataDirectory, folderName)
  const present = await readIdentity(folder)
  if (present !== undefined) return present
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 })
  const temporary = join(options.dataDirectory, `.${folderName}-${randomUUID()}`)
  try {
    await makeIdentity(temporary)
    await rename(temporary, folder)
    await syncToDisk(options.dataDirectory)
  } catch (failure) {
    // Another process may have been faster: a folder that is not empty cannot be replaced.
    const made = await readIdentity(folder)
    if (made === undefined) throw failure
  }
  const leftovers = (await readdir(options.dataDirectory)).filter((name) => name.startsWith(`.${folderName}-`))
  for (const name of leftovers) await rm(join(options.dataDirectory, name), { recursive: true, force: true })
  const identity = await readIdentity(folder)
  if (identity === undefined) throw damaged(folder)
  return identity
}

async function readIdentity(folder: string): Promise<TimeStampAuthorityIdentity | undefined> {
  const rootCertificatePath = join(folder, 'root.pem')
  const names = await readdir(folder).catch((failure: NodeJS.ErrnoException) => {
    if (failure.code === 'ENOENT') return undefined
    throw failure
  })
  if (names === undefined) return undefined
  try {
    const root = new X509Certificate(await readFile(rootCertificatePath))
    const leaf = new X509Certificate(await readFile(join(folder, 'certificate.pem')))
    const key = createPrivateKey(await readFile(join(folder, 'key.pem')))
    if (!leaf.checkPrivateKey(key) || !leaf.verify(root.publicKey)) throw damaged(folder)
    return { key, certificateChain: [leaf.raw, root.raw], rootCertificatePath }
  } catch (cause) {
    throw damaged(folder, cause)
  }
}

async function makeIdentity(folder: string): Promise<void> {
  const rootKeys = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000)
  const notAfter = new Date(notBefore)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + validYears)
  const rootName = 'CN=Countersign embedded time-stamp root'
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: rootName,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    keys: rootKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  const leaf = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=Countersign embedded time-stamp authority',
    issuer: rootName,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([objectIdentifiers.timeStamping], true),
    ],
  })
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  await mkdir(folder, { mode: 0o700 })
  await writeNewFile(join(folder, 'root.pem'), `${root.toString('pem')}\n`, 0o644)
  await writeNewFile(join(folder, 'certificate.pem'), `${leaf.toString('pem')}\n`, 0o644)
  await writeNewFile(join(folder, 'key.pem'), key.toString(), 0o600)
  await syncToDisk(folder)
}

/** Positive and with 127 random bits (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const octets = randomBytes(16)
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40
  return octets.toString('hex')
}

function damaged(folder: string, cause?: unknown): SigningError {
  return new SigningError(
    'TIMESTAMP_AUTHORITY_DAMAGED',
    `${folder} must hold root.pem, certificate.pem and key.pem that belong together; remove it to have them made anew.`,
    { cause },
  )
}
