import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toPem } from '../../signing/x509/index.ts'
import { openssl } from './openssl.ts'

/** Key types of an authority: arguments of `openssl genpkey`. */
const keyTypes = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  'weak-rsa': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  ec: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
} as const

/** In what a certificate deviates from a good one. */
export interface Deviation {
  /** Lines of openssl's extension syntax; for code signing, with what the request asks for, by default. */
  readonly extensions?: string
  /** When it begins and ends; by default an hour ago, and in 30 days. */
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly digest?: string
}

/** An authority that `openssl ca` runs in a folder of its own. */
export class CertificateAuthority {
  readonly #folder: string
  readonly #parent: CertificateAuthority | undefined

  private constructor(folder: string, parent: CertificateAuthority | undefined) {
    this.#folder = folder
    this.#parent = parent
  }

  /** A root, which signs itself. */
  static async root(folder: string, name: string, key: keyof typeof keyTypes): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(join(folder, name.replaceAll(/\W/g, '-')), undefined)
    await authority.#prepare(name, key)
    await authority.selfSign()
    return authority
  }

  /** An authority below this one. */
  async below(name: string, key: keyof typeof keyTypes, deviation: Deviation = {}): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(join(this.#folder, name.replaceAll(/\W/g, '-')), this)
    await authority.#prepare(name, key)
    await authority.#store(
      await this.issue(await readFile(authority.#path('ca.csr')), {
        extensions: 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign',
        ...deviation,
      }),
    )
    return authority
  }

  /** The private key's file, PEM. */
  get keyFile(): string {
    return this.#path('ca.key')
  }

  /** Its own certificate, DER. */
  async certificate(): Promise<Uint8Array> {
    return await readFile(this.#path('ca.der'))
  }

  /** Its certificate and those above it, DER, the root last. */
  async chain(): Promise<readonly Uint8Array[]> {
    return [await this.certificate(), ...((await this.#parent?.chain()) ?? [])]
  }

  /**
   * Issues for a request.
   *
   * @param request PEM or DER
   * @returns DER
   */
  async issue(request: Uint8Array, deviation: Deviation = {}): Promise<Uint8Array> {
    const { notBefore = new Date(Date.now() - 3_600_000), notAfter = new Date(Date.now() + 30 * 86_400_000) } =
      deviation
    const isPem = Buffer.from(request).toString('latin1').includes('-----BEGIN')
    const name = `request-${process.hrtime.bigint()}`
    const [csr, extensions, issued] = ['csr', 'ext', 'pem'].map((suffix) => this.#path(`${name}.${suffix}`)) as [
      string,
      string,
      string,
    ]
    await writeFile(csr, isPem ? request : toPem(request, 'CERTIFICATE REQUEST'))
    await writeFile(extensions, deviation.extensions ?? codeSigningExtensions)
    await openssl(
      ...['ca', '-batch', '-notext', '-config', this.#path('ca.cnf'), '-in', csr, '-out', issued, '-utf8'],
      ...['-extfile', extensions, '-startdate', time(notBefore), '-enddate', time(notAfter)],
      ...['-md', deviation.digest ?? 'sha256'],
    )
    return pemToDer(await readFile(issued, 'utf8'))
  }

  /** Signs itself anew, with the same name, and keeps that as its certificate. */
  async selfSign(): Promise<void> {
    await this.#store(
      await this.issue(await readFile(this.#path('ca.csr')), {
        extensions: 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign',
      }),
    )
  }

  /** What it asks for its own certificate with, PEM. */
  async request(): Promise<Uint8Array> {
    return await readFile(this.#path('ca.csr'))
  }

  async #prepare(name: string, key: keyof typeof keyTypes): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await writeFile(this.#path('index.txt'), '')
    await writeFile(this.#path('index.txt.attr'), 'unique_subject = no\n')
    await openssl('genpkey', ...keyTypes[key], '-out', this.keyFile)
    await openssl(
      'req',
      '-new',
      '-key',
      this.keyFile,
      '-subj',
      `/O=Authorities/CN=${name}`,
      '-out',
      this.#path('ca.csr'),
    )
    const isRoot = this.#parent === undefined
    await writeFile(
      this.#path('ca.cnf'),
      [
        '[ca]',
        'default_ca = this',
        '[this]',
        `dir = ${this.#folder}`,
        'database = $dir/index.txt',
        'new_certs_dir = $dir',
        'rand_serial = yes',
        'private_key = $dir/ca.key',
        'certificate = $dir/ca.pem',
        'policy = anything',
        'copy_extensions = copy',
        'default_md = sha256',
        'preserve = yes',
        'string_mask = utf8only',
        '[anything]',
        ...['countryName', 'stateOrProvinceName', 'localityName', 'organizationName', 'organizationalUnitName'].map(
          (attribute) => `${attribute} = optional`,
        ),
        'commonName = supplied',
        'emailAddress = optional',
        '',
      ].join('\n'),
    )
    // `openssl ca` wants a certificate of the authority also for the root's own: one that is thrown away.
    if (isRoot) {
      const args = ['-key', this.keyFile, '-in', this.#path('ca.csr'), '-out', this.#path('ca.pem')]
      await openssl('req', '-x509', ...args)
    }
  }

  async #store(der: Uint8Array): Promise<void> {
    await writeFile(this.#path('ca.der'), der)
    await writeFile(this.#path('ca.pem'), toPem(der))
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}

/** What an authority for code signing puts into a certificate beside what the request asks for. */
export const codeSigningExtensions = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=codeSigning',
  'subjectKeyIdentifier=hash',
  'authorityKeyIdentifier=keyid',
].join('\n')

/** A certificate of an authority's PEM file as DER. */
function pemToDer(pem: string): Uint8Array {
  return Buffer.from(pem.replaceAll(/-----.*?-----|\s/g, ''), 'base64')
}

function time(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
}
