import { X509Certificate } from 'node:crypto'
import { SigningError } from '../signing-error.ts'
import { hasIssued, readCertificate } from './certificate.ts'

/**
 * Orders a certificate and the certificates above it: the leaf, then its issuer, and so on as far as the candidates
 * lead, at best up to a self-signed root. Issuers are recognised by name and signature, so candidates may hold anything.
 * Where several have issued a certificate (cross-signing), a root is preferred, then the one that is valid longest.
 *
 * @param leaf DER
 * @param candidates DER, in any order, the leaf possibly among them
 * @returns DER, leaf first
 * @throws SigningError `X509_MALFORMED`
 */
export function orderChain(leaf: Uint8Array, candidates: readonly Uint8Array[]): readonly Uint8Array[] {
  let remaining = candidates.map(parsed)
  let current = parsed(leaf)
  const chain = [current]
  while (!hasIssued(current, current)) {
    const issuers = remaining.filter((candidate) => hasIssued(candidate, current))
    const [issuer] = issuers.sort(byPreference)
    if (issuer === undefined) break
    chain.push(issuer)
    // Each certificate is used once, which also ends the walk where two have issued each other.
    remaining = remaining.filter((candidate) => !candidate.raw.equals(issuer.raw))
    current = issuer
  }
  return chain.map((certificate) => new Uint8Array(certificate.raw))
}

function parsed(der: Uint8Array): X509Certificate {
  const { der: checked } = readCertificate(der)
  try {
    return new X509Certificate(checked)
  } catch (cause) {
    throw new SigningError('X509_MALFORMED', 'A certificate of the chain cannot be read.', { cause })
  }
}

function byPreference(a: X509Certificate, b: X509Certificate): number {
  const roots = Number(hasIssued(b, b)) - Number(hasIssued(a, a))
  return roots !== 0 ? roots : b.validToDate.getTime() - a.validToDate.getTime()
}
