import { execFile } from 'node:child_process'
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KeyAlgorithm } from '../../domain/index.ts'
import type { HashSigningKey, SigningKey } from '../../signing/signing-key.ts'
import { softwareKey } from './software-key.ts'

const run = promisify(execFile)

/** A key with its certificate and all that verifiers need, as files and in memory. */
export interface TestIdentity {
  readonly key: SigningKey & HashSigningKey
  readonly privateKey: KeyObject
  /** DER, leaf first, the root last. */
  readonly chain: readonly Uint8Array[]
  readonly root: Uint8Array
  /** PEM files: the leaf's key, the chain as it travels, the root to trust. */
  readonly keyFile: string
  readonly chainFile: string
  readonly rootFile: string
}

const keyOptions = {
  'rsa-2048': ['RSA', 'rsa_keygen_bits:2048'],
  'rsa-3072': ['RSA', 'rsa_keygen_bits:3072'],
  'rsa-4096': ['RSA', 'rsa_keygen_bits:4096'],
  'ec-p256': ['EC', 'ec_paramgen_curve:P-256'],
  'ec-p384': ['EC', 'ec_paramgen_curve:P-384'],
  'ec-p521': ['EC', 'ec_paramgen_curve:P-521'],
} as const satisfies Record<KeyAlgorithm, readonly [string, string]>

/** What a test certificate may deviate in. */
export interface IdentityOptions {
  readonly commonName?: string
  /** Lines of openssl's extension syntax for the leaf. */
  readonly extensions?: string
  readonly days?: number
}

/** Runs openssl and answers with what it prints. */
export async function openssl(...args: readonly string[]): Promise<string> {
  return (await run('openssl', args)).stdout
}

/**
 * A key of the given type with a certificate for code signing that a root of its own issued, made by openssl in
 * `folder`.
 */
export async function makeIdentity(
  folder: string,
  algorithm: KeyAlgorithm,
  options: IdentityOptions = {},
): Promise<TestIdentity> {
  const name = options.commonName ?? `Signer ${algorithm}`
  const at = (suffix: string) => join(folder, `${name.replaceAll(/\W/g, '-')}.${suffix}`)
  const days = String(options.days ?? 30)
  await openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('root.key')],
    ...['-out', at('root.pem'), '-days', '60', '-subj', `/O=Countersign test/CN=Root of ${name}`],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  )
  const [type, parameters] = keyOptions[algorithm]
  await openssl('genpkey', '-algorithm', type, '-pkeyopt', parameters, '-out', at('key'))
  await openssl('req', '-new', '-key', at('key'), '-subj', `/O=Countersign test/CN=${name}`, '-out', at('csr'))
  const extensions =
    options.extensions ??
    'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning'
  await writeFile(at('ext'), extensions)
  await openssl(
    ...['x509', '-req', '-in', at('csr'), '-CA', at('root.pem'), '-CAkey', at('root.key'), '-CAcreateserial'],
    ...['-days', days, '-extfile', at('ext'), '-out', at('pem')],
  )
  const [leafPem, rootPem, keyPem] = await Promise.all(
    [at('pem'), at('root.pem'), at('key')].map((file) => readFile(file)),
  )
  if (leafPem === undefined || rootPem === undefined || keyPem === undefined) throw new Error('openssl made no files')
  await writeFile(at('chain.pem'), Buffer.concat([leafPem, rootPem]))
  const privateKey = createPrivateKey(keyPem)
  const root = new X509Certificate(rootPem).raw
  return {
    key: softwareKey(algorithm, privateKey),
    privateKey,
    chain: [new X509Certificate(leafPem).raw, root],
    root,
    keyFile: at('key'),
    chainFile: at('chain.pem'),
    rootFile: at('root.pem'),
  }
}
