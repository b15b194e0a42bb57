import { type CertificateFields, isIssuedBy, isSame, readCertificateFields } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'
import type { CertificateFacts } from './certificate.ts'
import { readCertificate } from './certificate.ts'
import { readCertificateFile } from './certificate-file.ts'
import { checkIssuer, checkLeaf } from './chain-rules.ts'

/** What an authority handed out, and what it is checked against. */
export interface IssuedFile {
  /** PEM, DER or PKCS #7 with the certificate, in any order and with or without its issuers. */
  readonly file: Uint8Array
  /** DER SubjectPublicKeyInfo of the key that the certificate must be for. */
  readonly publicKey: Uint8Array
  /** DER certificates that are known from elsewhere, from which the chain is completed. */
  readonly known: readonly Uint8Array[]
  /** When all of the chain must be valid. */
  readonly at: Date
  /** DER certificates of roots that the chain must end at; any root when they are left out. */
  readonly trustedRoots?: readonly Uint8Array[] | undefined
  /** Whether a certificate that its own key issued will do, where there is no other. */
  readonly allowSelfSigned?: boolean
}

const maximumLength = 10
/** Bounds the search among hostile certificates that all seem to issue each other. */
const maximumSteps = 200

/**
 * Reads what an authority issued for a key: finds the certificate that carries the key, whatever the order, completes
 * its chain up to a self-signed root, and checks each certificate of it (RFC 5280 §6.1, without policies, name constraints
 * and revocation). Where several chains are possible, as with cross-signing and roll-over, the first that holds is
 * taken: shortest first, then the one whose certificates are valid longest.
 *
 * @returns the chain, leaf first, the root last
 * @throws SigningError of {@link readCertificateFile}; `ISSUED_KEY_MISMATCH`, `ISSUED_AMBIGUOUS`; `CHAIN_ROOT_UNTRUSTED`; `ISSUED_…` for what is wrong
 *   with the certificate itself and `CHAIN_…` for what is wrong above it, as `chain-rules.ts`
 */
export function chainOfIssued(issued: IssuedFile): readonly CertificateFacts[] {
  const { file, publicKey, known, at, trustedRoots, allowSelfSigned = false } = issued
  const given = readCertificateFile(file)
  const leaf = fields(leafOf(given, publicKey, allowSelfSigned))
  checkLeaf(leaf, at)
  const others = [...known, ...(trustedRoots ?? [])].map((der) => fields(readCertificate(der)))
  const candidates = [...given.map(fields), ...others]
  const paths = pathsFrom(leaf, candidates)
  const trusted = paths.filter((path) => isTrusted(path.at(-1) ?? leaf, trustedRoots))
  const faults: SigningError[] = []
  for (const path of trusted) {
    const fault = faultOf(path, at)
    if (fault === undefined) return path.map(({ encoded }) => readCertificate(encoded))
    faults.push(fault)
  }
  throw faults[0] ?? (paths[0] === undefined ? incomplete(leaf, candidates) : untrusted(paths[0].at(-1) ?? leaf))
}

function fields({ der }: CertificateFacts): CertificateFields {
  return readCertificateFields(der, 'X509_MALFORMED')
}

function leafOf(given: readonly CertificateFacts[], publicKey: Uint8Array, allowSelfSigned: boolean): CertificateFacts {
  const ours = given.filter((certificate) => Buffer.compare(certificate.publicKey, publicKey) === 0)
  // A certificate that the key issued to itself came from no authority; it can be in a bundle beside the one that did.
  const issued = ours.filter(({ isSelfSigned }) => !isSelfSigned)
  const [leaf, another] = issued
  if (another !== undefined)
    throw new SigningError(
      'ISSUED_AMBIGUOUS',
      `Several certificates in the file are for the key: those with the serial numbers ${issued.map(({ serialNumber }) => serialNumber).join(', ')}. Leave the one that is meant.`,
    )
  if (leaf !== undefined) return leaf
  const [selfSigned] = ours
  if (selfSigned !== undefined && allowSelfSigned) return selfSigned
  if (selfSigned !== undefined)
    throw new SigningError('ISSUED_SELF_SIGNED', 'The certificate for the key is self-signed; no authority issued it.')
  throw new SigningError(
    'ISSUED_KEY_MISMATCH',
    `None of the certificates in the file is for the key: ${given.map(({ subject }) => `"${subject}"`).join(', ')}.`.slice(
      0,
      1000,
    ),
  )
}

function isTrusted(root: CertificateFields, trustedRoots: readonly Uint8Array[] | undefined): boolean {
  return trustedRoots === undefined || trustedRoots.some((der) => Buffer.compare(der, root.encoded) === 0)
}

/** A root that nobody said is to be trusted, such as one that a server brings with what it issues. */
function untrusted(root: CertificateFields): SigningError {
  const { subject, thumbprintSha256 } = readCertificate(root.encoded)
  return new SigningError(
    'CHAIN_ROOT_UNTRUSTED',
    `The chain ends at the root "${subject}" (SHA-256 ${thumbprintSha256}), which is not one of those that are trusted for it.`,
  )
}

/** All paths up to a self-signed certificate, short ones first. */
function pathsFrom(
  leaf: CertificateFields,
  candidates: readonly CertificateFields[],
): readonly (readonly CertificateFields[])[] {
  const complete: (readonly CertificateFields[])[] = []
  let open: (readonly CertificateFields[])[] = [[leaf]]
  for (let steps = 0; open.length > 0 && steps < maximumSteps; steps++) {
    const [path = [], ...others] = open
    open = others
    const last = path.at(-1) ?? leaf
    if (isIssuedBy(last, last)) complete.push(path)
    else if (path.length < maximumLength)
      open.push(
        ...candidates
          .filter((candidate) => !path.some((used) => isSame(used, candidate)) && isIssuedBy(last, candidate))
          .filter((candidate, index, all) => all.findIndex((other) => isSame(other, candidate)) === index)
          .sort((a, b) => b.notAfter.getTime() - a.notAfter.getTime())
          .map((candidate) => [...path, candidate]),
      )
  }
  return complete
}

function faultOf(path: readonly CertificateFields[], at: Date): SigningError | undefined {
  try {
    path.forEach((certificate, index) => {
      const issued = path[index - 1]
      // Whoever issued to itself, as at a roll-over of its key, counts once (RFC 5280 §4.2.1.9).
      const below = path.slice(1, index).filter(({ subject, issuer }) => Buffer.compare(subject, issuer) !== 0)
      if (issued !== undefined) checkIssuer(certificate, issued, below.length, at)
    })
    return undefined
  } catch (error) {
    if (error instanceof SigningError) return error
    throw error
  }
}

/** Why no path ends: a certificate of the right name has not made the signature, or there is none of that name. */
function incomplete(leaf: CertificateFields, candidates: readonly CertificateFields[]): SigningError {
  let last = leaf
  for (let length = 1; length < maximumLength; length++) {
    const issuer = candidates.find((candidate) => !isSame(candidate, last) && isIssuedBy(last, candidate))
    if (issuer === undefined) break
    last = issuer
  }
  const { subject, issuer } = readCertificate(last.encoded)
  const isNamed = candidates.some(
    (candidate) => !isSame(candidate, last) && Buffer.compare(candidate.subject, last.issuer) === 0,
  )
  return isNamed
    ? new SigningError(
        'CHAIN_SIGNATURE_INVALID',
        `The certificate "${subject}" names "${issuer}" as its issuer, but the key of the certificate of that name did not sign it.`,
      )
    : new SigningError(
        'CHAIN_INCOMPLETE',
        `The chain ends at "${subject}": the certificate of its issuer "${issuer}" is missing. Add it to the file.`,
      )
}
