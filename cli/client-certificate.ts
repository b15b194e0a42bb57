import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openPfx, Pkcs12Error } from '../pkcs12/index.ts'
import { certificatesOfFile, readCertificate } from '../proxy/certificates/certificate.ts'
import { readTemplate, templateExtension } from '../proxy/certificates/template.ts'
import { CliError, usageError } from './cli-error.ts'
import type { ClientCertificateOptions } from './client-certificate-options.ts'
import type { ClientCertificate } from './connection/client-certificate.ts'
import { unreadableFile } from './local-file.ts'
import { readPfxPassword } from './pfx-password.ts'
import type { Terminal } from './terminal.ts'

type Candidate = ClientCertificate & { readonly leaf: Buffer; readonly file: string }

/**
 * The certificate that the options name; `undefined` where they name none. Of several, those of the wanted template are left, and of
 * these the valid one that began last.
 *
 * @param now milliseconds since 1970
 * @throws CliError `USAGE`, `FILE_UNREADABLE`, `CLIENT_CERTIFICATE_INVALID`, `CLIENT_CERTIFICATE_NOT_FOUND`, those of PKCS #12 files
 */
export async function chosenCertificate(
  terminal: Terminal,
  options: ClientCertificateOptions,
  now = Date.now(),
): Promise<ClientCertificate | undefined> {
  const { clientCertificate: files = [], clientKey, templateId } = options
  if (files.length === 0) {
    if ([clientKey, templateId, options.clientPasswordFile].every((option) => option === undefined)) return undefined
    throw usageError('--client-key, --client-password-file and --template-id go with --client-certificate.')
  }
  const candidates: Candidate[] = []
  for (const file of files) candidates.push(await readCandidate(terminal, file, options))
  const ofTemplate = candidates.filter(({ leaf }) => templateId === undefined || templateOf(leaf) === templateId)
  const valid = ofTemplate
    .map((candidate) => ({ candidate, ...readCertificate(candidate.leaf) }))
    .filter(({ notBefore, notAfter }) => notBefore.getTime() <= now && now <= notAfter.getTime())
    .sort((one, other) => other.notBefore.getTime() - one.notBefore.getTime())
  const chosen = valid[0]?.candidate
  if (chosen !== undefined) return chosen
  const which = templateId === undefined ? '' : ` of the template ${templateId}`
  const why = ofTemplate.length === 0 ? `is${which}` : `${which.trim()} is valid now`.trim()
  throw usageError(
    `None of the client certificates ${why}: ${files.join(', ')}.`,
    '`openssl x509 -noout -dates -text -in FILE` shows what is in one.',
    'CLIENT_CERTIFICATE_NOT_FOUND',
  )
}

async function readCandidate(terminal: Terminal, file: string, options: ClientCertificateOptions): Promise<Candidate> {
  const bytes = await read(terminal, file)
  const isPem = bytes.includes('-----BEGIN ')
  const { certificates, key } = isPem
    ? await readPem(terminal, file, bytes, options)
    : await readPfx(terminal, bytes, options)
  const [leaf] = certificates
  if (leaf === undefined) throw invalid(file, 'holds no certificate')
  try {
    readCertificate(leaf)
    if (!new X509Certificate(leaf).checkPrivateKey(createPrivateKey(key)))
      throw invalid(file, 'and the key do not belong together: the certificate of the key must be the first')
  } catch (error) {
    if (error instanceof CliError) throw error
    // What OpenSSL says of a key could quote it.
    throw invalid(file, 'or its key cannot be read; the key must be PEM, and without a password')
  }
  return { certificates: certificates.map(pemOf).join(''), key, leaf, file }
}

async function readPem(terminal: Terminal, file: string, bytes: Buffer, { clientKey }: ClientCertificateOptions) {
  const keyText =
    clientKey === undefined ? bytes.toString('latin1') : (await read(terminal, clientKey)).toString('latin1')
  const [key] = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/.exec(keyText) ?? []
  if (key === undefined)
    throw invalid(clientKey ?? file, 'holds no private key in PEM without a password; --client-key names its file')
  try {
    return { certificates: certificatesOfFile(bytes), key }
  } catch {
    throw invalid(file, 'holds no certificate that can be read')
  }
}

async function readPfx(terminal: Terminal, bytes: Buffer, { clientPasswordFile }: ClientCertificateOptions) {
  try {
    const password = await readPfxPassword(
      terminal,
      clientPasswordFile === undefined ? {} : { passwordFile: clientPasswordFile },
    )
    const { certificates, privateKey } = await openPfx(bytes, password)
    const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
    privateKey.fill(0)
    return { certificates, key: key.export({ format: 'pem', type: 'pkcs8' }).toString() }
  } catch (error) {
    throw error instanceof Pkcs12Error ? usageError(error.message, undefined, error.code) : error
  }
}

/** A certificate whose template cannot be read has none. */
function templateOf(leaf: Buffer): string | undefined {
  const extension = readCertificate(leaf).extensions.get(templateExtension)
  try {
    return extension && readTemplate(extension.value).id
  } catch {
    return undefined
  }
}

function read({ workingDirectory }: Terminal, file: string): Promise<Buffer> {
  const path = resolve(workingDirectory, file)
  return readFile(path).catch((error: unknown) => Promise.reject(unreadableFile(path, error)))
}

function pemOf(der: Buffer): string {
  return new X509Certificate(der).toString()
}

function invalid(file: string, why: string) {
  return usageError(`The client certificate ${file} ${why}.`, undefined, 'CLIENT_CERTIFICATE_INVALID')
}
