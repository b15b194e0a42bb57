import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  findUncovered,
  objectIdentifiers,
  type PathRequest,
  readAnchors,
  readCertificateFields,
  type Trust,
  validatePath,
} from '../../signing/cms/index.ts'
import { craftCertificate } from '../support/crafted-certificate.ts'
import { openssl } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
const authority = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
const codeSigning = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=codeSigning'
const stamping = 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=critical,timeStamping'

const p256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]

interface IssuingOptions {
  readonly days?: number
  /** Arguments of `openssl genpkey`. */
  readonly key?: readonly string[]
  /** Arguments of `openssl x509` that say how the certificate is signed. */
  readonly signing?: readonly string[]
}

/** Issues a certificate under another one of this suite, by openssl; a self-signed one when there is no issuer. */
async function issue(
  name: string,
  issuer: string | undefined,
  extensions: string,
  { days = 30, key = p256, signing = [] }: IssuingOptions = {},
): Promise<Uint8Array> {
  const at = (suffix: string, who = name) => join(folder, `${who}.${suffix}`)
  await openssl('genpkey', ...key, '-out', at('key'))
  await openssl('req', '-new', '-key', at('key'), '-subj', `/CN=${name.split('@')[0]}`, '-out', at('csr'))
  await writeFile(at('ext'), extensions)
  const by =
    issuer === undefined
      ? ['-signkey', at('key')]
      : ['-CA', at('pem', issuer), '-CAkey', at('key', issuer), '-CAcreateserial']
  const validity = ['-days', String(days), '-extfile', at('ext'), ...signing]
  await openssl('x509', '-req', '-in', at('csr'), ...by, ...validity, '-out', at('pem'))
  return new X509Certificate(await readFile(at('pem'))).raw
}

const certificates = new Map<string, Uint8Array>()

beforeAll(async () => {
  const add = async (name: string, issuer: string | undefined, extensions: string, options?: IssuingOptions) =>
    certificates.set(name, await issue(name, issuer, extensions, options))
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
  await add('old-middle', 'root', authority, { days: 1 })
  await add('old-leaf', 'old-middle', codeSigning)
  for (const usage of ['serverAuth', 'codeSigning', 'serverAuth,anyExtendedKeyUsage']) {
    await add(`for-${usage}`, 'root', `${authority}\nextendedKeyUsage=${usage}`)
    await add(`for-${usage}-leaf`, `for-${usage}`, codeSigning)
  }
  await add('sha1-root', undefined, authority, { key: rsa(2048), signing: ['-sha1'] })
  const pss = ['-sigopt', 'rsa_padding_mode:pss']
  for (const signing of [['-sha1'], ['-sha256'], [...pss, '-sha1'], [...pss, '-sha256']]) {
    await add(`signed-${signing.join('')}`, 'sha1-root', authority, { signing })
    await add(`signed-${signing.join('')}-leaf`, `signed-${signing.join('')}`, codeSigning)
  }
  await add('weak', 'root', authority, { key: rsa(1024) })
  await add('weak-leaf', 'weak', codeSigning)
  for (const usage of ['digitalSignature', 'nonRepudiation', 'digitalSignature,nonRepudiation'])
    await add(`stamping-${usage}`, 'root', `${stamping}\nkeyUsage=critical,${usage}`)
  for (const usage of ['keyAgreement', 'digitalSignature,keyEncipherment', 'digitalSignature,decipherOnly'])
    await add(`stamping-${usage}`, 'root', `${stamping}\nkeyUsage=critical,${usage}`)
})

function validate(
  leaf: string,
  embedded: readonly string[],
  trust: Trust,
  at = new Date(),
  purpose: PathRequest['purpose'] = objectIdentifiers.codeSigning,
) {
  const read = (name: string) => readCertificateFields(certificates.get(name) as Uint8Array, 'AUTHENTICODE_MALFORMED')
  return validatePath({
    leaf: read(leaf),
    embedded: embedded.map(read),
    trust,
    at,
    purpose,
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

/** Whether `openssl verify` takes the certificate for a time-stamp authority's. */
async function isForStamping(name: string): Promise<boolean> {
  const at = (who: string) => join(folder, `${who}.pem`)
  return openssl('verify', '-purpose', 'timestampsign', '-CAfile', at('root'), at(name)).then(
    () => true,
    () => false,
  )
}

describe('a time-stamp authority may have the key usages that openssl takes:', () => {
  test.each([
    ['digitalSignature', true],
    ['nonRepudiation', true],
    ['digitalSignature,nonRepudiation', true],
    ['keyAgreement', false],
    ['digitalSignature,keyEncipherment', false],
    ['digitalSignature,decipherOnly', false],
  ])('%s: %s', async (usage, taken) => {
    const stamps = () => validate(`stamping-${usage}`, [], anchors('root'), new Date(), objectIdentifiers.timeStamping)
    expect(await isForStamping(`stamping-${usage}`)).toBe(taken)
    if (taken) expect(stamps()).toBe(2)
    else expect(stamps).toThrow(code('CERTIFICATE_UNSUITABLE'))
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

  test('when an issuer may issue for other uses only', () => {
    for (const usage of ['codeSigning', 'serverAuth,anyExtendedKeyUsage'])
      expect(validate(`for-${usage}-leaf`, [`for-${usage}`], anchors('root'))).toBe(3)
    expect(() => validate('for-serverAuth-leaf', ['for-serverAuth'], anchors('root'))).toThrow(
      code('CERTIFICATE_UNSUITABLE'),
    )
  })

  test('when a certificate on whose signature it rests was signed with a broken hash', () => {
    const path = (signing: string) => validate(`signed-${signing}-leaf`, [`signed-${signing}`], anchors('sha1-root'))
    const pss = '-sigoptrsa_padding_mode:pss'
    for (const signing of ['-sha256', `${pss}-sha256`]) expect(path(signing)).toBe(3)
    for (const signing of ['-sha1', `${pss}-sha1`])
      expect(() => path(signing), signing).toThrow(code('CERTIFICATE_UNSUITABLE'))
    // Trust in an anchor does not rest on its signature.
    expect(validate('signed--sha1-leaf', [], anchors('signed--sha1'))).toBe(2)
  })

  test('when an issuer has a short key', () => {
    expect(() => validate('weak-leaf', ['weak'], anchors('root'))).toThrow(code('CERTIFICATE_UNSUITABLE'))
  })
})

describe('certificates that all seem to have issued each other', () => {
  const keys = {
    X: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    Y: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  }
  const crowd = (['X', 'Y'] as const).flatMap((subject) =>
    Array.from({ length: 16 }, (_, serialNumber) => {
      const issuer = subject === 'X' ? 'Y' : 'X'
      const publicKey = keys[subject].publicKey.export({ type: 'spki', format: 'der' })
      const certificate = { subject, issuer, publicKey, signedBy: keys[issuer].privateKey, serialNumber }
      return readCertificateFields(craftCertificate(certificate), 'AUTHENTICODE_MALFORMED')
    }),
  )
  afterEach(() => {
    vi.restoreAllMocks()
  })

  test.each([{ kind: 'open' }, { kind: 'embedded-root' }, { kind: 'anchors', certificates: [] }] as const)(
    'cost a few checks of signatures, where a path ends $kind, and are refused',
    (trust) => {
      const [leaf] = crowd
      if (leaf === undefined) throw new Error('There is no leaf.')
      const checks = vi.spyOn(X509Certificate.prototype, 'verify')
      const by = { at: new Date(), purpose: objectIdentifiers.codeSigning, area: 'AUTHENTICODE' } as const
      expect(() => validatePath({ leaf, embedded: crowd, trust, ...by })).toThrow(code('CHAIN_UNTRUSTED'))
      expect(checks.mock.calls.length).toBeLessThanOrEqual(40)
    },
  )

  test('and as few when it is looked for what nothing covers', () => {
    const checks = vi.spyOn(X509Certificate.prototype, 'verify')
    const path = [...crowd.slice(0, 5), ...crowd.slice(16, 21)]
    expect(findUncovered(crowd, path, { kind: 'open' })).not.toEqual([])
    expect(checks.mock.calls.length).toBeLessThanOrEqual(40)
  })
})
