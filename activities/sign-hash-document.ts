import type { ArtifactStore, FileToSign } from '../artifacts/index.ts'
import { type HashesToSign, hashDocument, Refusal, type SignedFile } from '../domain/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { hashVerification, signHashes } from '../signing/hashes/index.ts'
import { readCertificate } from '../signing/x509/index.ts'
import type { SigningTools } from './sign-copies.ts'
import { signingCertificate } from './signing-key.ts'

/**
 * Signs the hashes of a request. Each signature is verified with the public key of the certificate that the plan names while the
 * token makes others, then the document of all of them is, and then the store gets it.
 *
 * @throws SigningError `HASH_SIGNATURE_INVALID`, `PKCS11_…`; Refusal `SIGNATURE_NOT_AS_PLANNED`; ArtifactError `ARTIFACT_STORE_…`
 */
export async function* signHashDocument(
  { store, passes }: { readonly store: Pick<ArtifactStore, 'put'>; readonly passes: Pick<FilePasses, 'work'> },
  work: SigningTools & { readonly hashes: HashesToSign; readonly planned: FileToSign },
): AsyncGenerator<SignedFile, void, undefined> {
  const { hashes, planned, plan, certificate, key, stillAuthorised } = work
  const leaf = readCertificate(signingCertificate(certificate.issued))
  if (leaf.thumbprintSha256 !== plan.certificateThumbprint)
    throw new Refusal('SIGNATURE_NOT_AS_PLANNED', 'The certificate is not the one that the plan names.', {
      promise: 'the certificate',
    })
  const verification = hashVerification(hashes, leaf.publicKey, passes)
  const document = hashDocument(hashes, await signHashes(key, hashes, { signed: verification.signatures }))
  await verification.document(document)
  await stillAuthorised()
  const { sha256: signedSha256, size: signedSize } = await store.put(bytesOf(document))
  const { path, sha256: unsignedSha256, directives } = planned
  const signatures = directives.map(({ directive }) => ({ directive, timestamp: null }))
  yield { node: 0, path, unsignedSha256, signedSha256, signedSize, signatures }
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(text)
}
