import { generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openssl } from './openssl.ts'

/** A certificate of a build node: its files, and what it is in PEM. */
export type NodeCertificate = { readonly certificateFile: string; readonly keyFile: string }

/** In what a node's certificate deviates from a good one. */
export type NodeDeviation = {
  /** As openssl writes it, the root first: `/DC=example/OU=Build/CN=build-01`. */
  readonly subject?: string
  /** Lines of openssl's extension syntax in place of the usual ones. */
  readonly extensions?: string
  /** Lines besides the usual ones. */
  readonly more?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** How openssl writes strings: `utf8only`, `pkix`, `nombstr`, `MASK:…` */
  readonly stringMask?: string
  readonly digest?: string
}

const usual = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=clientAuth',
]

/** A Microsoft template extension ([MS-WCCE] §2.2.2.7.7.2) as openssl writes it. */
export function templateExtension(id: string, major?: number, minor?: number): string {
  return [
    '1.3.6.1.4.1.311.21.7=ASN1:SEQUENCE:template',
    '[template]',
    `id=OID:${id}`,
    ...(major === undefined ? [] : [`major=INTEGER:${major}`]),
    ...(minor === undefined ? [] : [`minor=INTEGER:${minor}`]),
  ].join('\n')
}

/** An authority for build nodes that `openssl ca` runs in a folder of its own. */
export class NodeAuthority {
  readonly folder: string
  #count = 0

  private constructor(folder: string) {
    this.folder = folder
  }

  /** A root. */
  static async root(folder: string, name: string): Promise<NodeAuthority> {
    const authority = await NodeAuthority.#prepared(folder, name)
    await openssl(
      ...['req', '-x509', '-new', '-key', authority.at('ca.key'), '-subj', `/O=Authorities/CN=${name}`, '-days', '30'],
      ...['-out', authority.certificateFile, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    )
    return authority
  }

  /** An authority below this one. @param extensions in place of the usual ones of an authority */
  async below(
    name: string,
    extensions = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign',
    subject = `/O=Authorities/CN=${name}`,
  ): Promise<NodeAuthority> {
    const authority = await NodeAuthority.#prepared(this.folder, name)
    const made = await this.#issued(`below-${this.#count}`, { extensions, subject }, '', authority.at('ca.key'))
    await rename(made, authority.certificateFile)
    return authority
  }

  get certificateFile(): string {
    return this.at('ca.pem')
  }

  /** A certificate for a node. All nodes of an authority have one key. */
  async issue(name: string, deviation: NodeDeviation = {}): Promise<NodeCertificate> {
    const certificateFile = await this.#issued(name, deviation, `/DC=example/DC=corp/OU=Build nodes/CN=${name}`)
    return { certificateFile, keyFile: this.at('node.key') }
  }

  async revoke({ certificateFile }: { readonly certificateFile: string }): Promise<void> {
    await this.#ca('-revoke', certificateFile)
  }

  /** Its list of revoked certificates as it is now, PEM. @param seconds until the next one; may be in the past */
  async list(seconds = 86_400): Promise<string> {
    const out = this.at('crl.pem')
    const next = new Date(Date.now() + seconds * 1_000)
    const last = new Date(Math.min(Date.now() - 60_000, next.getTime() - 60_000))
    await this.#ca('-gencrl', '-out', out, '-crl_lastupdate', time(last), '-crl_nextupdate', time(next))
    return readFile(out, 'utf8')
  }

  at(file: string): string {
    return join(this.folder, file)
  }

  async #issued(
    name: string,
    deviation: NodeDeviation,
    usualSubject: string,
    key = this.at('node.key'),
  ): Promise<string> {
    this.#count += 1
    const [config, csr, out] = ['cnf', 'csr', 'pem'].map((end) => this.at(`${this.#count}-${name}.${end}`)) as [
      string,
      string,
      string,
    ]
    const { subject = usualSubject, stringMask = 'utf8only', notBefore, notAfter, digest = 'sha256' } = deviation
    const extensions =
      deviation.extensions ?? [...usual, ...(deviation.more === undefined ? [] : [deviation.more])].join('\n')
    await writeFile(
      config,
      `[req]\ndistinguished_name=dn\nstring_mask=${stringMask}\nprompt=no\n[dn]\n[ext]\n${extensions}\n`,
    )
    const request = ['req', '-new', '-key', key, '-config', config, '-subj', subject, '-utf8']
    if (notBefore === undefined || notAfter === undefined) {
      const issuer = ['-x509', '-CA', this.certificateFile, '-CAkey', this.at('ca.key'), '-days', '2']
      await openssl(...request, ...issuer, '-extensions', 'ext', `-${digest}`, '-out', out)
      return out
    }
    await openssl(...request, '-out', csr)
    await this.#ca(
      ...['-batch', '-notext', '-in', csr, '-out', out, '-extfile', config, '-extensions', 'ext', '-utf8'],
      ...['-startdate', time(notBefore), '-enddate', time(notAfter), '-md', digest],
    )
    return out
  }

  #ca(...args: readonly string[]): Promise<string> {
    return openssl('ca', '-config', this.at('ca.cnf'), ...args)
  }

  static async #prepared(parent: string, name: string): Promise<NodeAuthority> {
    const authority = new NodeAuthority(join(parent, name.replaceAll(/\W/g, '-')))
    await mkdir(authority.folder, { recursive: true })
    await writeFile(authority.at('index.txt'), '')
    await writeFile(authority.at('index.txt.attr'), 'unique_subject = no\n')
    await writeFile(authority.at('crlnumber'), '01\n')
    for (const key of ['ca.key', 'node.key']) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      await writeFile(authority.at(key), privateKey.export({ format: 'pem', type: 'pkcs8' }))
    }
    await writeFile(
      authority.at('ca.cnf'),
      [
        '[ca]\ndefault_ca = this\n[this]',
        `dir = ${authority.folder}`,
        'database = $dir/index.txt\nnew_certs_dir = $dir\nrand_serial = yes\nprivate_key = $dir/ca.key',
        'certificate = $dir/ca.pem\ncrlnumber = $dir/crlnumber\npolicy = anything\ndefault_md = sha256\npreserve = yes',
        '[anything]',
        ...[
          'domainComponent',
          'countryName',
          'organizationName',
          'organizationalUnitName',
          'commonName',
          'emailAddress',
        ].map((attribute) => `${attribute} = optional`),
        '',
      ].join('\n'),
    )
    return authority
  }
}

function time(date: Date): string {
  return `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`
}
