import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { open, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { xmlFormat, xmlVerifier } from '../../signing/xml/index.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)
const format = xmlFormat as SignatureFormat
const folder = suiteFolder()
const { passes, ...works } = formatWorkIn(folder)
let identities: ReadonlyMap<string, TestIdentity>
const identity = (algorithm: string) => identities.get(algorithm) as TestIdentity

beforeAll(async () => {
  const algorithms = ['rsa-3072', 'ec-p256', 'ec-p521'] as const
  identities = new Map(
    await Promise.all(algorithms.map(async (each) => [each, await makeIdentity(folder, each)] as const)),
  )
})
afterAll(() => passes.close())

async function sign(content: string | Buffer, algorithm = 'ec-p256', keyInfo = 'leaf') {
  const name = `${randomUUID()}.xml`
  const attributes = { 'key-info-x509-data': keyInfo }
  const work = { format, name, bytes: Buffer.from(content), signer: identity(algorithm), attributes }
  const planned = await works.plan(work)
  const path = await works.sign(work)
  return { path, planned, content: await readFile(path), found: await works.verify(work) }
}

/** The code with which the verify side refuses a file, against the chain of the signer on P-256. */
async function refusalOf(path: string): Promise<string> {
  const work = { format, name: basename(path), signer: identity('ec-p256') }
  return works.verify(work).then(
    () => 'taken',
    ({ code }) => code,
  )
}

/** Whether xmlsec1 takes a document: by the certificates in it, which must lead to the root, or by the key that it is given. */
async function xmlsecTakes(path: string, signer: TestIdentity, by: 'root' | 'key' = 'root'): Promise<boolean> {
  const publicKey = join(temporaryFolder(), 'public.pem')
  await writeFile(publicKey, signer.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const trust = by === 'root' ? ['--trusted-pem', signer.rootFile] : ['--privkey-pem', publicKey]
  return run('xmlsec1', ['--verify', ...trust, '--node-xpath', "/*/*[local-name()='Signature'][last()]", path]).then(
    () => true,
    () => false,
  )
}

/** What a canonical form makes of these has been done wrong elsewhere. */
const documents: Readonly<Record<string, string>> = {
  'an instruction': '<?xml version="1.0"?>\n<?style a?>\n<r><?p x?><?p?></r>\n<?end x?>\n',
  'attributes of namespaces, in any order':
    '<r xmlns="urn:a" xmlns:z="urn:z" xmlns:b="urn:b" z:q="1" b:q="2" a="3" xml:lang="de"><b:c xmlns:b="urn:other"/></r>',
  'names that begin with xmlns': '<r xmlnsfoo="1" xmlns2="a&amp;b"/>',
  'a carriage return that is typed and one that is meant': '<r>\r\n a&#13;b &#xD;\r\n<b c="x&#10;y&#9;z"/></r>\r\n',
  'an empty root': '<?xml version="1.0" encoding="utf-8"?>\n<x:r xmlns:x="urn:x" a = "/>" />\n<!-- </x:r> -->',
  'end tags that are none': '<r a="/r>"><!-- </r> --><![CDATA[</r>]]><?p </r>?></r ><!-- </r> --><?q </r>?>',
  'a document type that decides nothing':
    '<!DOCTYPE r [<!-- > ]> "\' --><?p ]>?><!ELEMENT r ANY><!ATTLIST r d NMTOKENS #IMPLIED>]><r d=" a  b ">x</r>',
  'letters beyond ASCII': '\ufeff<r ä="ö">\u2028 \u00a0 𝄞</r>',
  'a nested signature that is content':
    '<r><part><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature></part></r>',
}

describe('a signed document', () => {
  test.each(Object.entries(documents))(
    'with %s stays as it was but for the signature, and xmlsec1 takes it',
    async (_, text) => {
      const { path, content, planned, found } = await sign(text)
      expect(planned.existingSignatures).toEqual([])
      expect(found).toMatchObject([{ directive: 'xml-sign', contentDigests: planned.directives[0]?.contentDigests }])
      const signature =
        /<Signature xmlns="[^"]*"><SignedInfo><CanonicalizationMethod.*?<\/Signature>/.exec(content.toString())?.[0] ??
        ''
      const without = content.toString().replace(signature, '')
      const emptied = without.replace(/><\/(?:x:)?r>(?=\n|$)/, '/>')
      expect([without, emptied]).toContain(text)
      expect(await xmlsecTakes(path, identity('ec-p256'))).toBe(true)
    },
  )

  test.each(['rsa-3072', 'ec-p521'])(
    'by a key of the type %s is taken, with each choice of certificates',
    async (algorithm) => {
      const signer = identity(algorithm)
      const counts = { none: 0, leaf: 1, 'whole-chain': 2, 'exclude-root': 1 }
      for (const [choice, count] of Object.entries(counts)) {
        const { path, found } = await sign('<r><a/></r>', algorithm, choice)
        expect(found[0]?.certificates).toHaveLength(count)
        expect(await xmlsecTakes(path, signer, choice === 'none' ? 'key' : 'root')).toBe(true)
      }
    },
  )

  test.each(['utf16le', 'utf16be'])('in %s is signed in its own encoding', async (encoding) => {
    const content = Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><r>é<b/></r>', 'utf16le')
    const { path } = await sign(encoding === 'utf16be' ? content.swap16() : content)
    expect(await xmlsecTakes(path, identity('ec-p256'))).toBe(true)
  })

  test('with one character changed is taken by nobody', async () => {
    const { path, content } = await sign('<r a="1"><b>text</b><?p x?></r>')
    const text = content.toString()
    for (const [from, to] of [
      ['text', 'texd'],
      ['a="1"', 'a="2"'],
      ['<?p x?>', '<?p y?>'],
      ['<b>', '<b >'],
      ['<r', '<!-- c --><r'],
    ] as const) {
      const isSame = from === '<b>' || from === '<r'
      await writeFile(path, text.replace(from, to))
      const own = await refusalOf(path)
      expect([from, own, await xmlsecTakes(path, identity('ec-p256'))]).toEqual([
        from,
        isSame ? 'taken' : 'XML_DIGEST_MISMATCH',
        isSame,
      ])
    }
  })

  test('that is signed again has the new signature alone', async () => {
    const first = await sign('<r>\n  <a/>\n</r>\n')
    const { planned, content, path } = await sign(first.content, 'rsa-3072')
    expect(planned.existingSignatures).toMatchObject([
      {
        outcome: 'replaced',
        kind: 'signature',
        signer: expect.stringContaining('Signer ec-p256'),
        integrity: 'intact',
        uncovered: [],
      },
    ])
    expect(content.toString().match(/<Signature /g)).toHaveLength(1)
    expect(content.toString().replace(/<Signature .*<\/Signature>/, '')).toBe('<r>\n  <a/>\n</r>\n')
    expect(await xmlsecTakes(path, identity('rsa-3072'))).toBe(true)
    const changed = await sign(first.content.toString().replace('<a/>', '<b/>'))
    expect(changed.planned.existingSignatures).toMatchObject([{ integrity: 'fileChanged' }])
    const none = await sign('<r><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature></r>')
    expect(none.planned.existingSignatures).toMatchObject([{ kind: 'unreadable', outcome: 'replaced' }])
  })
})

describe('is refused', () => {
  const refusals: readonly (readonly [what: string, document: string, code: string, said: string])[] = [
    ['a second root', '<r/><s/>', 'XML_DOCUMENT_MALFORMED', 'line 1, column 5'],
    ["text behind an end tag's name", '<r>\n</r x>', 'XML_DOCUMENT_MALFORMED', 'line 2'],
    ['an attribute twice', '<r a="1" a="2"/>', 'XML_DOCUMENT_MALFORMED', 'redefined'],
    ['an identifier twice', '<r><a xml:id="x"/><b xml:id="x"/></r>', 'XML_DOCUMENT_MALFORMED', 'already defined'],
    ['a relative name of a namespace', '<r xmlns="foo"/>', 'XML_DOCUMENT_MALFORMED', 'not absolute'],
    [
      'an ampersand in the name of a namespace',
      '<r><a xmlns:b="urn:a&amp;b"/></r>',
      'XML_NAMESPACE_UNSUPPORTED',
      'ampersand',
    ],
    ['something outside of the document', '<!DOCTYPE r SYSTEM "x.dtd"><r/>', 'XML_DTD_UNSUPPORTED', 'outside'],
    ['entities', '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><r>&e;</r>', 'XML_DTD_UNSUPPORTED', ''],
    ['entities that grow', `<!DOCTYPE r [<!ENTITY a "${'x'.repeat(99)}">${growing()}]><r>&j;&j;</r>`, 'XML_', ''],
    ['default values', '<!DOCTYPE r [<!ATTLIST r d CDATA "v">]><r/>', 'XML_DTD_UNSUPPORTED', 'default values'],
    ['XML 1.1', '<?xml version="1.1"?><r/>', 'XML_DOCUMENT_MALFORMED', 'version'],
    [
      'an encoding that few know',
      '<?xml version="1.0" encoding="windows-1252"?><r/>',
      'XML_ENCODING_UNSUPPORTED',
      'UTF-8',
    ],
    ['300 levels', '<a>'.repeat(300) + '</a>'.repeat(300), 'XML_DOCUMENT_MALFORMED', 'depth'],
    ['what is cut off', '<r><a>', 'XML_DOCUMENT_MALFORMED', 'line 1'],
    ['what is no XML', 'a,b', 'XML_DOCUMENT_MALFORMED', 'line 1'],
  ]
  test.each(refusals)('%s', async (_, document, code, said) => {
    const error = await sign(document).then(
      () => undefined,
      (thrown: { code: string; message: string }) => thrown,
    )
    expect(error?.code).toMatch(new RegExp(`^${code}`))
    expect(error?.message.toLowerCase()).toContain(said.toLowerCase())
  })

  test.each([
    ['two signatures', (text: string) => text.replace(/(<Signature .*<\/Signature>)/, '$1$1'), 'XML_UNSIGNED_CONTENT'],
    [
      'something behind the signature',
      (text: string) => text.replace('</Signature>', '</Signature> '),
      'XML_UNSIGNED_CONTENT',
    ],
    [
      'a signature further inside',
      (text: string) => text.replace('<r>', '<r><x>').replace('</r>', '</x></r>'),
      'XML_SIGNATURE_MISSING',
    ],
    [
      'an object in the signature',
      (text: string) => text.replace('</Signature>', '<Object>x</Object></Signature>'),
      'XML_UNSIGNED_CONTENT',
    ],
    [
      'an attribute of the signature',
      (text: string) => text.replace('<SignatureValue>', '<SignatureValue Id="x">'),
      'XML_UNSIGNED_CONTENT',
    ],
    [
      'a comment in the digest',
      (text: string) => text.replace('<DigestValue>', '<DigestValue><!-- x -->'),
      'XML_SIGNATURE_MALFORMED',
    ],
    [
      'a second SignedInfo',
      (text: string) => text.replace(/(<SignedInfo>.*<\/SignedInfo>)/, '$1$1'),
      'XML_SIGNATURE_MALFORMED',
    ],
    [
      'another transform',
      (text: string) =>
        text.replace(
          '<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">',
          '<Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11">',
        ),
      'XML_SIGNATURE_MALFORMED',
    ],
    ['a reference to a part', (text: string) => text.replace('URI=""', 'URI="#x"'), 'XML_SIGNATURE_MALFORMED'],
    [
      'another value',
      (text: string) => text.replace(/<SignatureValue>..../, '<SignatureValue>AAAA'),
      'XML_SIGNATURE_INVALID',
    ],
    ['no certificate of the key', (text: string) => text.replace(/<KeyInfo>.*<\/KeyInfo>/, ''), 'taken'],
  ] as const)('when verifying, a document with %s', async (_, change, expected) => {
    const { path, content } = await sign('<r>a</r>')
    await writeFile(path, change(content.toString()))
    expect(await refusalOf(path)).toBe(expected)
  })

  test("a signature by somebody else's certificate", async () => {
    const { path } = await sign('<r/>', 'rsa-3072')
    expect(await refusalOf(path)).toBe('XML_CHAIN_UNTRUSTED')
  })
})

describe('xml-verify', () => {
  async function judged(content: string | Buffer, trusted = identity('ec-p256').root) {
    const path = join(folder, `${randomUUID()}.xml`)
    await writeFile(path, content)
    const handle = await open(path)
    try {
      const { size } = await handle.stat()
      const trust = { trustedCertificates: [trusted], at: new Date() }
      return await xmlVerifier.verify({ handle, size, name: 'a.xml' }, trust, { passes })
    } finally {
      await handle.close()
    }
  }

  test('says of a document what its signature is worth', async () => {
    const { content } = await sign('<r>a</r>')
    expect(await judged(content)).toMatchObject({
      isAccepted: true,
      signatures: [{ verdict: 'valid', reason: null, digestAlgorithm: 'sha256', weaknesses: [] }],
    })
    const changed = content.toString().replace('<r>a', '<r>b')
    expect(await judged(changed)).toMatchObject({
      isAccepted: false,
      signatures: [{ verdict: 'invalid', integrity: 'fileChanged', reason: expect.stringContaining('changed') }],
    })
    expect(await judged(content, identity('rsa-3072').root)).toMatchObject({
      isAccepted: false,
      signatures: [
        { verdict: 'untrusted', integrity: 'intact', reason: expect.stringContaining('leads to no trusted') },
      ],
    })
    expect(await judged('<r/>')).toEqual({ isAccepted: false, signatures: [] })
  })

  test('takes what xmlsec1 signs with SHA-1 and other canonical forms, and calls it weak', async () => {
    const signer = identity('rsa-3072')
    const method = (name: string, algorithm: string) => `<${name} Algorithm="${algorithm}"/>`
    const template = `<r><a b="c"/><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="x">
      <ds:SignedInfo>${method('ds:CanonicalizationMethod', 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315')}
        ${method('ds:SignatureMethod', 'http://www.w3.org/2000/09/xmldsig#rsa-sha1')}
        <ds:Reference URI=""><ds:Transforms>${method('ds:Transform', 'http://www.w3.org/2000/09/xmldsig#enveloped-signature')}</ds:Transforms>
          ${method('ds:DigestMethod', 'http://www.w3.org/2000/09/xmldsig#sha1')}<ds:DigestValue/></ds:Reference>
      </ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature></r>`
    const [input, output] = [join(folder, 'template.xml'), join(folder, 'signed-by-xmlsec1.xml')]
    await writeFile(input, template)
    await run('xmlsec1', [
      '--sign',
      '--privkey-pem',
      `${signer.keyFile},${signer.chainFile}`,
      '--output',
      output,
      input,
    ])
    const verdict = await judged(await readFile(output), signer.root)
    expect(verdict).toMatchObject({ isAccepted: true, signatures: [{ verdict: 'valid', digestAlgorithm: 'sha1' }] })
    expect(verdict.signatures[0]?.weaknesses.join(' ')).toMatch(/SHA-1.*attribute Id of Signature/)
  })
})

/** Ten times as many of each entity in the next. */
function growing(): string {
  const names = [...'abcdefghij']
  return names
    .slice(1)
    .map((name, index) => `<!ENTITY ${name} "${`&${names[index]};`.repeat(10)}">`)
    .join('')
}
