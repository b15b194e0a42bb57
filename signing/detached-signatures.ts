import { cmsSignature } from './cms-detached/index.ts'
import type { DetachedSignature } from './detached-signature.ts'
import { dsseSignature } from './dsse/index.ts'
import { gpgSignature } from './openpgp/index.ts'
import { rawSignature } from './raw/index.ts'
import type { SignatureFormat } from './signature-format.ts'
import { smimeSignature } from './smime/index.ts'

/** Every signature that this release can make beside a file: the directives of the element `file`. */
export const detachedSignatures: readonly DetachedSignature[] = [
  gpgSignature,
  cmsSignature,
  rawSignature,
  smimeSignature,
  dsseSignature,
]

/** What plans call a file whose signatures become files of their own, and what can be ordered for it. */
export const detachedFormat: Pick<SignatureFormat, 'name' | 'title' | 'elements' | 'directives'> = {
  name: 'file',
  title: 'Files of any kind, with signatures beside them',
  elements: ['file'],
  directives: detachedSignatures.map(({ definition }) => definition),
}

/** The detached signature that a directive orders; `undefined` when the directive orders another kind of signature. */
export function detachedSignature(directive: string): DetachedSignature | undefined {
  return detachedSignatures.find(({ definition }) => definition.name === directive)
}
