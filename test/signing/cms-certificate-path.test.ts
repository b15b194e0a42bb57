import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  objectIdentifiers,
  readAnchors,
  readCertificateFields,
  type Trust,
  validatePath,
} from '../../signing/cms/index.ts'
import { openssl } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
const codeSigning = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=codeSigning'

/** Issues a certificate under another one of this suite, by openssl; a self-signed one when there is no issuer. */
async function issue(name: string, issuer: string | undefined, extensions: string, days = 30): Promise<Uint8Array> {
  const at = (suffix: string, who = name) => join(folder, `${who}.${suffix}`)
  await openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at('key'))
  await openssl('req', '-new', '-key', at('key'), '-subj', `/CN=${name.split('@')[0]}`, '-out', at('csr'))
  await writeFile(at('ext'), extensions)
  const by =
    issuer === undefined
      ? ['-signkey', at('key')]
      : ['-CA', at('pem', issuer), '-CAkey', at('key', issuer), '-CAcreateserial']
  const validity = ['-days', String(days), '-extfile', at('ext')]
  await openssl('x509', '-req', '-in', at('csr'), ...by, ...validity, '-out', at('pem'))
  return new X509Certificate(await readFile(at('pem'))).raw
}

const certificates = new Map<string, Uint8Array>()

beforeAll(async () => {
  const add = async (name: string, issuer: string | undefined, extensions: string, days?: number) =>
    certificates.set(name, await issue(name, issuer, extensions, days))
  await add('root', undefined, authority)
  await add('middle', 'root', authority)
  await add('leaf', 'middle', codeSigning)
  await add('below-leaf', 'leaf', codeSigning)
  await add('short', undefined, 'basicConstraints=critical,CA:TRUE,pathlen:0')
  await add('short-middle', 'short', authority)
  await add('short-leaf', 'short-middle', codeSigning)
  await add('not-signing', 'root', 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign')
  await add('not-signing-leaf', 'not-signing', codeSigning)
  await add('critical-leaf', 'root', `${codeSigning}\n1.2.3.4=critical,DER:0500`)
  await add('noncritical-leaf', 'root', `${codeSigning}\n1.2.3.4=DER:0500`)
  await add('root@impostor', undefined, authority)
  await add('old-middle', 'root', authority, 1)
  await add('old-leaf', 'old-middle', codeSigning)
})

function validate(leaf: string, embedded: readonly string[], trust: Trust, at = new Date()) {
  const read = (name: string) => readCertificateFields(certificates.get(name) as Uint8Array, 'AUTHENTICODE_MALFORMED')
  return validatePath({
    leaf: read(leaf),
    embedded: embedded.map(read),
    trust,
    at,
    purpose: objectIdentifiers.codeSigning,
    area: 'AUTHENTICODE',
  }).length
}

const anchors = (...names: readonly string[]) =>
  readAnchors(
    names.map((name) => certificates.get(name) as Uint8Array),
    'AUTHENTICODE',
  )

const code = (suffix: string) => expect.objectContaining({ name: 'SigningError', code: `AUTHENTICODE_${suffix}` })

describe('a path is found', () => {
  test('to a trusted root, to a trusted certificate in between, and to the leaf itself', () => {
    expect(validate('leaf', ['leaf', 'middle'], anchors('root'))).toBe(3)
    expect(validate('leaf', ['root', 'middle', 'leaf'], anchors('middle'))).toBe(2)
    expect(validate('leaf', ['leaf'], anchors('leaf'))).toBe(1)
  })

  test('to an embedded root, and openly as far as it goes', () => {
    expect(validate('leaf', ['middle', 'root'], { kind: 'embedded-root' })).toBe(3)
    expect(validate('leaf', ['middle'], { kind: 'open' })).toBe(2)
    expect(validate('leaf', [], { kind: 'open' })).toBe(1)
  })

  test('past a certificate that only has the name of the root', () => {
    expect(validate('leaf', ['middle', 'root@impostor'], anchors('root@impostor', 'root'))).toBe(3)
  })

  test('with an extension that is not critical, whatever it says', () => {
    expect(validate('noncritical-leaf', [], anchors('root'))).toBe(2)
  })
})

describe('a path is refused', () => {
  test('when a link is missing, or leads to another root of the same name', () => {
    expect(() => validate('leaf', [], anchors('root'))).toThrow(code('CHAIN_UNTRUSTED'))
    expect(() => validate('leaf', ['middle'], { kind: 'embedded-root' })).toThrow(code('CHAIN_UNTRUSTED'))
    expect(() => validate('leaf', ['middle', 'root'], anchors('root@impostor'))).toThrow(code('CHAIN_UNTRUSTED'))
    expect(() => validate('leaf', ['middle', 'root'], anchors())).toThrow(code('CHAIN_UNTRUSTED'))
  })

  test('when somebody issued who is no authority', () => {
    expect(() => validate('below-leaf', ['leaf', 'middle'], anchors('root'))).toThrow(code('CERTIFICATE_UNSUITABLE'))
    expect(() => validate('not-signing-leaf', ['not-signing'], anchors('root'))).toThrow(code('CERTIFICATE_UNSUITABLE'))
  })

  test('when more authorities follow each other than one of them allows', () => {
    expect(() => validate('short-leaf', ['short-middle'], anchors('short'))).toThrow(code('CERTIFICATE_UNSUITABLE'))
  })

  test('when a critical extension is not understood', () => {
    expect(() => validate('critical-leaf', [], anchors('root'))).toThrow(code('CERTIFICATE_UNSUITABLE'))
  })

  test('when any certificate of it is not valid yet, or not any more', () => {
    const day = 24 * 3600 * 1000
    const old = (at: Date) => validate('old-leaf', ['old-middle'], anchors('root'), at)
    expect(old(new Date())).toBe(3)
    expect(() => old(new Date(Date.now() + 3 * day))).toThrow(code('CERTIFICATE_EXPIRED'))
    expect(() => old(new Date(Date.now() - day))).toThrow(code('CERTIFICATE_EXPIRED'))
  })

  test('in bounded time, however many certificates seem to issue each other', () => {
    const crowd = Array.from({ length: 40 }, () => 'root@impostor')
    expect(() => validate('leaf', ['middle', ...crowd], anchors())).toThrow(code('CHAIN_UNTRUSTED'))
  })
})
