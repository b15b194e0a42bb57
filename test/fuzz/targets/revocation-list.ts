import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Certificate, certificatesOfFile, readCertificate } from '../../../proxy/certificates/certificate.ts'
import { ProxyError } from '../../../proxy/proxy-error.ts'
import { authorityOfList } from '../../../proxy/revocation/check-path.ts'
import { type Crl, readCrl } from '../../../proxy/revocation/crl.ts'
import { readScope } from '../../../proxy/revocation/crl-scope.ts'
import { der } from '../../../signing/cms/index.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { NodeAuthority } from '../../support/node-authority.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateDer } from '../mutation/der.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/** The scope of a list that is cut into parts: a distribution point, and for which certificates it speaks. */
const scope = Buffer.from(
  der.sequence(
    der.context(0, der.context(0, der.contextPrimitive(6, Buffer.from('http://crl.example/part-1.crl')))),
    der.contextPrimitive(1, Buffer.of(0xff)),
    der.contextPrimitive(3, Buffer.of(1, 6)),
  ),
)

/**
 * Revocation lists: changed ones are refused with a code, or are nobody's, since the signature does not hold; and scopes are read whole
 * or refused.
 */
export const target: FuzzTarget = {
  name: 'revocation-list',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const { list, authority } = await makeList(folder.path)
    const right = await readCrl(list)
    return await fuzzInputs(request, async (random, seed) => {
      const isScope = random.below(3) === 0
      const base = isScope ? scope : list
      const input = random.below(3) > 0 ? mutateDer(base, random) : mutateBytes(base, random)
      try {
        if (isScope) return `a scope for ${readScope(input, 'X').only ?? 'everybody'}`
        return judged(await readCrl(input), right, authority)
      } catch (error) {
        if (error instanceof SigningError || error instanceof ProxyError) return error.code
        throw new FuzzFailure(seed, input, 'a changed list is believed, or its reader fails', { cause: error })
      }
    })
  },
}

function judged(read: Crl, right: Crl, authority: Certificate): string {
  if (authorityOfList(read, [authority]) === undefined) return 'of nobody'
  if (!Buffer.from(read.signed.bytes).equals(right.signed.bytes)) throw new Error('It is not what was signed.')
  return 'unchanged'
}

async function makeList(folder: string): Promise<{ readonly list: Buffer; readonly authority: Certificate }> {
  const authority = await NodeAuthority.root(folder, 'Root')
  const dates = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) }
  for (const name of ['gone-1', 'gone-2']) await authority.revoke(await authority.issue(name, dates))
  const [, base64 = ''] = /CRL-----([\w+/=\s]+)-----END/.exec(await authority.list()) ?? []
  const [encoded] = certificatesOfFile(await readFile(authority.certificateFile))
  if (encoded === undefined) throw new Error('There is no certificate.')
  return { list: Buffer.from(base64, 'base64'), authority: readCertificate(encoded) }
}
