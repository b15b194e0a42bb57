import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type Certificate, certificatesOfFile, readCertificate } from '../certificates/certificate.ts'
import { nameText } from '../certificates/names.ts'
import type { PathRules } from '../certificates/path.ts'
import { ProxyError } from '../proxy-error.ts'
import { authorityOfList, keyText, type RevocationRules, type VerifiedCrl } from '../revocation/check-path.ts'
import { type Crl, readCrl } from '../revocation/crl.ts'
import { fileState } from './file-state.ts'
import { parseConfiguration } from './parse.ts'
import type { ProxyConfiguration, RuleSetConfiguration } from './schema.ts'

/** An anchor, or several that are treated alike, with what may be below. */
export type LoadedAuthority = { readonly paths: PathRules; readonly revocation: RevocationRules }

/** A rule set with all that its files hold. */
export type LoadedRuleSet = Pick<RuleSetConfiguration, 'name' | 'subject' | 'template' | 'extendedKeyUsages'> & {
  readonly hostNames: ReadonlySet<string> | undefined
  readonly authorities: readonly LoadedAuthority[]
  /** Fingerprints of certificates, one of which must be the immediate issuer; `undefined`: any. */
  readonly issuers: ReadonlySet<string> | undefined
  /** Secret. */
  readonly token: string
  readonly trustedBuildSystemId: string
}

/** A configuration with all that its files hold. */
export type LoadedConfiguration = {
  readonly configuration: ProxyConfiguration
  readonly ruleSets: readonly LoadedRuleSet[]
  readonly identity: { readonly cert: Buffer; readonly key: Buffer }
  /** All authorities that nodes' certificates may be of, PEM: clients choose a certificate by them. */
  readonly clientAuthorities: readonly string[]
  readonly serviceAuthorities: readonly string[] | undefined
  readonly statementKeyFile: string
}

/** The files that were read, each with its {@link fileState} before that. */
export type ReadFiles = Map<string, string>

/** Revocation lists by the digest of their files: one that did not change is not read again. */
export type KnownLists = Map<string, Crl>

/**
 * Reads a configuration and every file that it names, and checks that they fit each other.
 *
 * @param environment where tokens may be
 * @param known lists of the configuration before; afterwards those of this one
 * @param files gets every file that is read, also when this fails
 * @throws ProxyError `PROXY_CONFIGURATION_INVALID`, `PROXY_FILE_UNREADABLE`, `PROXY_FILE_INVALID`, `PROXY_TOKEN_INVALID`,
 *   `PROXY_CRL_WITHOUT_AUTHORITY`
 */
export async function loadConfiguration(
  configFile: string,
  environment: Readonly<Record<string, string | undefined>>,
  known: KnownLists,
  files: ReadFiles,
): Promise<LoadedConfiguration> {
  const folder = dirname(resolve(configFile))
  const lists: KnownLists = new Map()
  const context: Loading = {
    environment,
    async read(name) {
      const path = resolve(folder, name)
      files.set(path, await fileState(path))
      return readFile(path).catch((error: NodeJS.ErrnoException) => {
        throw new ProxyError('PROXY_FILE_UNREADABLE', `${name} cannot be read: ${error.code ?? error.message}.`)
      })
    },
    async list(bytes) {
      const digest = createHash('sha256').update(bytes).digest('hex')
      const list = known.get(digest) ?? (await readCrl(bytes))
      lists.set(digest, list)
      return list
    },
  }
  const configuration = parseConfiguration((await context.read(resolve(configFile))).toString('utf8'), configFile)
  const { tls, service } = configuration
  const identity = await loadIdentity(tls, context)
  const ruleSets: LoadedRuleSet[] = []
  for (const ruleSet of configuration.ruleSets) ruleSets.push(await loadRuleSet(ruleSet, context))
  const serviceAuthorities = service.authorities && (await loadCertificates(service.authorities, context)).map(pemOf)
  known.clear()
  for (const [digest, list] of lists) known.set(digest, list)
  const authorities = ruleSets.flatMap((ruleSet) => ruleSet.authorities.flatMap(({ paths }) => all(paths)))
  return {
    configuration,
    ruleSets,
    identity,
    clientAuthorities: [...new Set(authorities.map(pemOf))],
    serviceAuthorities,
    statementKeyFile: resolve(folder, configuration.statementKey),
  }
}

type Loading = {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly read: (name: string) => Promise<Buffer>
  readonly list: (bytes: Buffer) => Promise<Crl>
}

async function loadIdentity({ certificate, key }: ProxyConfiguration['tls'], { read }: Loading) {
  const identity = { cert: await read(certificate), key: await read(key) }
  try {
    createSecureContext(identity)
    return identity
  } catch (error) {
    throw new ProxyError(
      'PROXY_FILE_INVALID',
      `${certificate} and ${key} are no certificate with its private key, both PEM and without a password: ${(error as Error).message}.`,
    )
  }
}

async function loadRuleSet(ruleSet: RuleSetConfiguration, context: Loading): Promise<LoadedRuleSet> {
  const { name, hostNames, authorities, issuers, subject, template, extendedKeyUsages } = ruleSet
  const loaded: LoadedAuthority[] = []
  for (const authority of authorities) loaded.push(await loadAuthority(authority, context))
  const immediate = issuers && (await loadCertificates(issuers, context))
  return {
    name,
    subject,
    template,
    extendedKeyUsages,
    hostNames: hostNames && new Set(hostNames),
    authorities: loaded,
    issuers: immediate && new Set(immediate.map(({ fingerprint }) => fingerprint)),
    ...(await loadToken(ruleSet, context)),
  }
}

async function loadAuthority(
  given: RuleSetConfiguration['authorities'][number],
  context: Loading,
): Promise<LoadedAuthority> {
  const { maximumIntermediates, crl, ocsp } = given
  const anchors = await loadCertificates(given.certificate, context)
  const intermediates = given.intermediates === undefined ? [] : await loadCertificates(given.intermediates, context)
  const paths = { anchors, intermediates, maximumIntermediates }
  const lists: VerifiedCrl[] = []
  for (const file of crl?.files ?? []) lists.push(await loadList(file, all(paths), context))
  return {
    paths,
    revocation: {
      crl: crl && { mode: crl.mode, lists },
      ocsp: ocsp && { ...ocsp, responder: ocsp.responder },
    },
  }
}

async function loadList(file: string, authorities: readonly Certificate[], context: Loading): Promise<VerifiedCrl> {
  const bytes = await context.read(file)
  const crl = await context.list(bytes).catch((error: Error) => {
    throw new ProxyError('PROXY_FILE_INVALID', `${file}: ${error.message}`, { cause: error })
  })
  const authority = authorityOfList(crl, authorities)
  if (authority === undefined)
    throw new ProxyError(
      'PROXY_CRL_WITHOUT_AUTHORITY',
      `${file} is a revocation list of ${nameText(crl.issuerName)}, and not signed by any authority that is named beside it, or by none that may sign lists. Name its authority under certificate or intermediates.`,
    )
  return { crl, authorityKey: keyText(authority), file }
}

async function loadCertificates(names: readonly string[], { read }: Loading): Promise<readonly Certificate[]> {
  const found: Certificate[] = []
  for (const name of names) {
    const bytes = await read(name)
    try {
      found.push(...certificatesOfFile(bytes).map(readCertificate))
    } catch (error) {
      throw new ProxyError('PROXY_FILE_INVALID', `${name} is no file of certificates: ${(error as Error).message}`)
    }
  }
  return found
}

/** Its form says whose it is; nothing of it gets into a message. */
async function loadToken({ name, token }: RuleSetConfiguration, { read, environment }: Loading) {
  const text =
    'file' in token ? (await read(token.file)).toString('utf8').trim() : environment[token.environment]?.trim()
  const where = 'file' in token ? token.file : `the environment variable ${token.environment}`
  const [, id] = /^csb_([0-9a-f]{32})_[0-9A-Za-z]{49}$/.exec(text ?? '') ?? []
  if (text === undefined || id === undefined)
    throw new ProxyError(
      'PROXY_TOKEN_INVALID',
      `The rule set ${name} needs the token of a trusted build system (csb_…), whole and alone; ${where} does not hold one.`,
    )
  return { token: text, trustedBuildSystemId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') }
}

function all({ anchors, intermediates }: PathRules): readonly Certificate[] {
  return [...anchors, ...intermediates]
}

function pemOf({ encoded }: Certificate): string {
  return new X509Certificate(encoded).toString()
}
