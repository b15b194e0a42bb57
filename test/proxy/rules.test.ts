import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { certificatesOfFile, readCertificate } from '../../proxy/certificates/certificate.ts'
import { comparableName, readName } from '../../proxy/certificates/names.ts'
import { findPaths, type PathRules } from '../../proxy/certificates/path.ts'
import { readTemplate } from '../../proxy/certificates/template.ts'
import type { LoadedRuleSet } from '../../proxy/config/load.ts'
import type { OcspClient } from '../../proxy/revocation/ocsp-client.ts'
import { type AskedHost, assess, judge, type Objection, type Verdict } from '../../proxy/rules/judge.ts'
import { der } from '../../signing/cms/index.ts'
import {
  NodeAuthority,
  type NodeCertificate,
  type NodeDeviation,
  templateExtension,
} from '../support/node-authority.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const run = promisify(execFile)
const folder = suiteFolder()
const template = '1.3.6.1.4.1.311.21.8.1.2.3'
const anywhere: AskedHost = { serverName: undefined, host: 'proxy.example.com' }
const noOcsp: OcspClient = { statusOf: () => Promise.reject(new Error('nobody is to be asked')) }

let root: NodeAuthority
let issuing: NodeAuthority
beforeAll(async () => {
  root = await NodeAuthority.root(folder, 'Root')
  issuing = await root.below('Issuing')
})

describe('the subject of a node', () => {
  it.each<[string, boolean, LoadedRuleSet['subject'], NodeDeviation]>([
    ['a common name', true, { all: [is('CN', 'build-01')] }, {}],
    ['another case', false, { all: [is('CN', 'BUILD-01')] }, {}],
    ['another case, where that is allowed', true, { all: [{ ...is('CN', 'BUILD-01'), ignoreCase: true }] }, {}],
    ['a glob', true, { all: [like('CN', 'build-??')] }, {}],
    ['one of several', true, { any: [is('CN', 'other'), is('OU', 'Build nodes')] }, {}],
    ['none of several', false, { any: [is('CN', 'other'), is('OU', 'Office')] }, {}],
    ['only some of all', false, { all: [is('CN', 'build-01'), is('OU', 'Office')] }, {}],
    ['a domain component', true, { all: [is('DC', 'corp'), is('DC', 'example')] }, {}],
    ['a part that is missing', false, { all: [like('O', '*')] }, {}],
    ['a part by its identifier', true, { all: [is('2.5.4.11', 'Build nodes')] }, {}],
    ['two common names', false, { all: [like('CN', 'build-*')] }, { subject: '/CN=build-01/CN=build-02' }],
    [
      'two common names of which one is right',
      false,
      { all: [is('CN', 'build-01')] },
      { subject: '/CN=build-01/CN=evil' },
    ],
    ['letters that look like others', false, { all: [is('CN', 'build-01')] }, { subject: '/CN=buıld-01' }],
    [
      'letters of another script where a wildcard is',
      false,
      { all: [like('CN', 'build-*')] },
      { subject: '/CN=build-а1' },
    ],
    [
      'letters of another script that the rule names',
      true,
      { all: [like('CN', 'Bücher-*')] },
      { subject: '/CN=Bücher-1' },
    ],
    ['a name as BMPString', true, { all: [is('CN', 'Bücher')] }, { subject: '/CN=Bücher', stringMask: 'MASK:0x800' }],
    ['a name as PrintableString', true, { all: [is('CN', 'build-01')] }, { stringMask: 'MASK:0x2' }],
    ['a name as TeletexString', true, { all: [is('CN', 'build-01')] }, { stringMask: 'MASK:0x4' }],
  ])('with %s: %s', async (_, isAccepted, subject, deviation) => {
    const verdict = await verdictOf(await issuing.issue('build-01', deviation), { subject })
    expect(reasons(verdict)).toEqual(isAccepted ? ['accepted'] : ['subject'])
  })

  it('is no match where its string is of a type that is not known', () => {
    const name = (tag: number) =>
      der.sequence(der.setOf(der.sequence(der.objectIdentifier('2.5.4.3'), der.element(tag, Buffer.from('build-01')))))
    expect(readName(name(0x0c), 'X').flat()[0]?.text).toBe('build-01')
    expect(readName(name(0x19), 'X').flat()[0]?.text).toBeUndefined()
  })

  it('is compared with an issuer as RFC 5280 says: whatever the types of strings, case and spaces', () => {
    const name = (tag: number, text: string) =>
      comparableName(
        readName(
          der.sequence(der.setOf(der.sequence(der.objectIdentifier('2.5.4.3'), der.element(tag, Buffer.from(text))))),
          'X',
        ),
      )
    expect(name(0x13, 'Issuing  CA ')).toBe(name(0x0c, 'issuing ca'))
    expect(name(0x13, 'Issuing CA')).not.toBe(name(0x0c, 'Issuing CB'))
  })
})

describe('the template of a node', () => {
  const named = { more: templateExtension(template, 100, 3) }
  const byName = (name: string) => ({ more: `1.3.6.1.4.1.311.20.2=ASN1:BMPSTRING:${name}` })
  it.each<[string, boolean, NonNullable<LoadedRuleSet['template']>, NodeDeviation]>([
    ['its id', true, { id: template }, named],
    ['another id', false, { id: `${template}.4` }, named],
    ['both versions', true, { id: template, majorVersion: 100, minorVersion: 3 }, named],
    ['an older version', false, { id: template, majorVersion: { atLeast: 101 } }, named],
    ['a version that is new enough', true, { id: template, majorVersion: { atLeast: 99 } }, named],
    ['no minor version', false, { id: template, minorVersion: 3 }, { more: templateExtension(template, 100) }],
    ['no version', false, { id: template, majorVersion: { atLeast: 0 } }, { more: templateExtension(template) }],
    [
      'the largest version',
      true,
      { id: template, majorVersion: 4_294_967_295 },
      { more: templateExtension(template, 4_294_967_295) },
    ],
    ['no template', false, { id: template }, {}],
    ['its name', true, { name: 'BuildNode' }, byName('BuildNode')],
    ['another name', false, { name: 'BuildNode' }, byName('WebServer')],
  ])('with %s: %s', async (_, isAccepted, demanded, deviation) => {
    const verdict = await verdictOf(await issuing.issue('build-01', deviation), { template: demanded })
    expect(reasons(verdict)).toEqual(isAccepted ? ['accepted'] : ['template'])
  })

  it('makes a certificate malformed that has something else there', async () => {
    const odd = await issuing.issue('odd', { more: '1.3.6.1.4.1.311.21.7=ASN1:UTF8String:no template' })
    expect(reasons(await verdictOf(odd, { template: { id: template } }))).toEqual(['certificateMalformed'])
  })

  it.each([
    der.sequence(der.objectIdentifier(template), der.element(0x02, Buffer.from('0100000000', 'hex'))),
    der.sequence(der.objectIdentifier(template), der.element(0x02, Buffer.from('ff', 'hex'))),
    der.sequence(der.objectIdentifier(template), der.integer(1), der.integer(1), der.integer(1)),
    Buffer.concat([der.sequence(der.objectIdentifier(template)), Buffer.of(0)]),
  ])('is read strictly (%#)', (value) => {
    expect(() => readTemplate(value)).toThrow(expect.objectContaining({ code: 'PROXY_CERTIFICATE_MALFORMED' }))
  })
})

describe('a node', () => {
  it('needs the extended key usages that are demanded, and not just any', async () => {
    const ofServer = await issuing.issue('server', { extensions: usage('serverAuth') })
    const ofAny = await issuing.issue('any', { extensions: usage('anyExtendedKeyUsage') })
    for (const node of [ofServer, ofAny]) expect(reasons(await verdictOf(node, {}))).toEqual(['extendedKeyUsage'])
    const both = await issuing.issue('both', { extensions: usage('clientAuth,1.2.3.4') })
    expect(reasons(await verdictOf(both, { extendedKeyUsages: ['clientAuth', '1.2.3.4'] }))).toEqual(['accepted'])
    expect(reasons(await verdictOf(ofServer, { extendedKeyUsages: [] }))).toEqual(['accepted'])
  })

  it('is accepted while its certificate is valid, and to the second', async () => {
    const [notBefore, notAfter] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-06-01T00:00:00Z')]
    const node = await issuing.issue('valid', { notBefore, notAfter })
    const at = async (moment: string) => reasons(await verdictOf(node, {}, { now: Date.parse(moment) }))
    expect(await at('2025-12-31T23:59:59Z')).toEqual(['notYetValid'])
    expect(await at('2026-06-01T00:00:01Z')).toEqual(['expired'])
  })

  it('must be issued immediately by a certificate that is named, where some are', async () => {
    const other = await root.below('Other')
    const [node, foreign] = [await issuing.issue('build-01'), await other.issue('build-01')]
    const issuers = new Set([fingerprint(issuing)])
    expect(reasons(await verdictOf(node, { issuers }))).toEqual(['accepted'])
    expect(reasons(await verdictOf(foreign, { issuers }, { sent: [other] }))).toEqual(['issuer'])
    expect(reasons(await verdictOf(node, { issuers: new Set([fingerprint(root)]) }))).toEqual(['issuer'])
  })

  it.each<[string, AskedHost, readonly string[]]>([
    ['its name', { serverName: 'release.example.com', host: 'release.example.com' }, ['accepted']],
    ['another name', { serverName: 'test.example.com', host: 'test.example.com' }, ['host']],
    ['another host than it connected to', { serverName: 'test.example.com', host: 'release.example.com' }, ['host']],
    ['a host without a name of the connection', { serverName: undefined, host: 'release.example.com' }, ['host']],
  ])('of a rule set with host names asks for %s', async (_, asked, expected) => {
    const hostNames = new Set(['release.example.com'])
    const verdict = await verdictOf(await issuing.issue('build-01'), { hostNames }, { asked })
    expect(reasons(verdict)).toEqual(expected)
  })

  it('is stated with all that its certificate says, for the first rule set that accepts it', async () => {
    const node = await issuing.issue('build-01', { more: templateExtension(template, 100, 3) })
    const sets = [
      ruleSet({ name: 'never', subject: { all: [is('CN', 'nobody')] } }),
      ruleSet({ name: 'right' }),
      ruleSet({ name: 'later' }),
    ]
    const verdict = await judge(assess(derOf(node), sets), anywhere, noOcsp, Date.now())
    const { serialNumber, raw } = new X509Certificate(readFileSync(node.certificateFile))
    expect(verdict).toMatchObject({
      accepted: true,
      node: {
        subject: 'CN=build-01,OU=Build nodes,DC=corp,DC=example',
        issuer: 'CN=Issuing,O=Authorities',
        serialNumber: serialNumber.toLowerCase().replace(/^0+/, ''),
        fingerprint: readCertificate(raw).fingerprint,
        templateId: template,
        templateVersion: '100.3',
        templateName: null,
        ruleSet: 'right',
      },
    })
  })
})

/** Each is judged by openssl, too: whether it is trusted must come out the same. */
describe('the path of a certificate', () => {
  type Made = { readonly node: NodeCertificate; readonly sent: readonly NodeAuthority[] }
  const ca = 'basicConstraints=critical,CA:TRUE'
  const signs = 'keyUsage=critical,keyCertSign,cRLSign'
  it.each<[string, boolean, () => Promise<Made>]>([
    ['of an authority that the node sends', true, async () => below(await root.below('P1'))],
    [
      'of an authority that it does not send',
      false,
      async () => ({ ...(await below(await root.below('P2'))), sent: [] }),
    ],
    [
      'of a certificate that is no authority',
      false,
      async () => below(await root.below('P3', `basicConstraints=critical,CA:FALSE\n${signs}`)),
    ],
    [
      'of an authority that may not issue',
      false,
      async () => below(await root.below('P4', `${ca}\nkeyUsage=critical,cRLSign`)),
    ],
    [
      'with more authorities than one allows',
      false,
      async () => {
        const above = await root.below('P5', `${ca},pathlen:0\n${signs}`)
        return below(await above.below('P5b'), above)
      },
    ],
    [
      'of an authority for servers only',
      false,
      async () => below(await root.below('P6', `${ca}\n${signs}\nextendedKeyUsage=serverAuth`)),
    ],
    [
      'with a critical extension that nobody knows',
      false,
      async () => below(await root.below('P7', `${ca}\n${signs}\n1.2.3.4=critical,ASN1:NULL`)),
    ],
    [
      'within the names that an authority permits',
      true,
      () => within('P8', 'permitted;DNS:example.com', { more: 'subjectAltName=DNS:a.example.com' }),
    ],
    [
      'outside of the names that an authority permits',
      false,
      () => within('P9', 'permitted;DNS:example.com', { more: 'subjectAltName=DNS:a.example.org' }),
    ],
    [
      'with a name that an authority excludes',
      false,
      () => within('P10', 'excluded;IP:10.0.0.0/255.0.0.0', { more: 'subjectAltName=IP:10.1.2.3' }),
    ],
    [
      'outside of the directory that an authority permits',
      false,
      () => within('P11', 'permitted;dirName:dn\n[dn]\nO=Elsewhere', {}),
    ],
    [
      'with a common name within the hosts that an authority permits',
      true,
      () => within('P12', 'permitted;DNS:example.com', { subject: '/CN=a.example.com' }),
    ],
    [
      'with a common name outside of them',
      false,
      () => within('P13', 'permitted;DNS:example.com', { subject: '/CN=a.example.org' }),
    ],
    [
      'with a URI without a host, where some are excluded',
      false,
      () => within('P14', 'excluded;URI:.example.com', { more: 'subjectAltName=URI:urn:build:1' }),
    ],
    [
      'of another root of the same name',
      false,
      async () => {
        const other = await NodeAuthority.root(`${folder}/other`, 'Root')
        return { node: await other.issue('node'), sent: [other] }
      },
    ],
  ])('%s: %s', async (_, isTrusted, make) => {
    const { node, sent } = await make()
    expect(pathsOf(node, sent).paths.length > 0).toBe(isTrusted)
    const untrusted = sent.flatMap((authority) => ['-untrusted', authority.certificateFile])
    const verified = run('openssl', [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      root.certificateFile,
      ...untrusted,
      node.certificateFile,
    ])
    expect(
      await verified.then(
        () => true,
        () => false,
      ),
    ).toBe(isTrusted)
  })

  it('is not taken when it is signed with SHA-1, leads over too many authorities, or is that of an authority itself', async () => {
    const weak = await issuing.issue('weak', { digest: 'sha1' })
    expect(pathsOf(weak, [issuing])).toMatchObject({ paths: [], fault: { reason: 'chainUnsuitable' } })
    const node = await issuing.issue('node')
    expect(pathsOf(node, [issuing], { maximumIntermediates: 0 }).paths).toEqual([])
    const authority = { certificateFile: issuing.certificateFile, keyFile: '' }
    expect(pathsOf(authority, [])).toMatchObject({ paths: [], fault: { reason: 'chainUnsuitable' } })
  })

  it('is found in bounded time however many certificates seem to have issued each other', async () => {
    const twins: NodeAuthority[] = []
    for (let index = 0; index < 9; index += 1)
      twins.push(await issuing.below(`Twin ${index}`, `${ca}\n${signs}`, '/CN=Twin'))
    const [first] = twins
    if (first === undefined) throw new Error('there is no twin')
    expect(pathsOf(await first.issue('node'), twins, { maximumIntermediates: 8 }).paths).toEqual([])
  })

  async function below(authority: NodeAuthority, ...above: readonly NodeAuthority[]): Promise<Made> {
    return { node: await authority.issue('node'), sent: [authority, ...above] }
  }
  async function within(name: string, constraints: string, deviation: NodeDeviation): Promise<Made> {
    const authority = await root.below(name, `${ca}\n${signs}\nnameConstraints=critical,${constraints}`)
    return { node: await authority.issue('node', deviation), sent: [authority] }
  }
  function pathsOf(node: NodeCertificate, sent: readonly NodeAuthority[], other: Partial<PathRules> = {}) {
    const [leaf] = derOf(node).map(readCertificate)
    if (leaf === undefined) throw new Error('there is no certificate')
    const anchors = certificatesIn(root)
    return findPaths(leaf, sent.flatMap(certificatesIn), {
      anchors,
      intermediates: [],
      maximumIntermediates: 3,
      ...other,
    })
  }
})

function is(part: string, equals: string) {
  return { part, equals, ignoreCase: false }
}

function like(part: string, matches: string) {
  return { part, matches, ignoreCase: false }
}

function usage(usages: string): string {
  return `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=${usages}`
}

function ruleSet(other: Partial<LoadedRuleSet>): LoadedRuleSet {
  return {
    name: 'build',
    subject: undefined,
    template: undefined,
    extendedKeyUsages: ['clientAuth'],
    hostNames: undefined,
    authorities: [
      {
        paths: { anchors: certificatesIn(root), intermediates: certificatesIn(issuing), maximumIntermediates: 3 },
        revocation: { crl: undefined, ocsp: undefined },
      },
    ],
    issuers: undefined,
    token: 'csb_',
    trustedBuildSystemId: 'one',
    ...other,
  }
}

function verdictOf(
  node: NodeCertificate,
  other: Partial<LoadedRuleSet>,
  options: { readonly now?: number; readonly asked?: AskedHost; readonly sent?: readonly NodeAuthority[] } = {},
): Promise<Verdict> {
  const { now = Date.now(), asked = anywhere, sent = [] } = options
  const chain = [
    ...derOf(node),
    ...sent.flatMap((authority) => certificatesIn(authority).map(({ encoded }) => encoded)),
  ]
  return judge(assess(chain, [ruleSet(other)]), asked, noOcsp, now)
}

function reasons(verdict: Verdict): readonly string[] {
  return verdict.accepted ? ['accepted'] : verdict.objections.map(({ reason }: Objection) => reason)
}

function derOf({ certificateFile }: NodeCertificate): readonly Buffer[] {
  return certificatesOfFile(readFileSync(certificateFile))
}

function certificatesIn({ certificateFile }: { readonly certificateFile: string }) {
  return certificatesOfFile(readFileSync(certificateFile)).map(readCertificate)
}

function fingerprint(authority: NodeAuthority): string {
  return certificatesIn(authority)[0]?.fingerprint ?? ''
}
