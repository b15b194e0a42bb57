import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import {
  type CertificateId,
  certificateDecider,
  fold,
  type KeyId,
  keyDecider,
  type OrganizationId,
  type ProjectCreated,
  type ProjectId,
  projectDecider,
  Refusal,
} from '../../domain/index.ts'
import { signPeFile, verifyPeFile } from '../../signing/authenticode/index.ts'
import { readProgramInfo } from '../../signing/authenticode/verify-spc.ts'
import { type DerElement, DerReader, der, objectIdentifiers } from '../../signing/cms/index.ts'
import { createSelfSignedCertificate } from '../../signing/x509/index.ts'
import { plainRequest } from '../support/issued-facts.ts'
import { memoryKey } from '../support/memory-key.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { buildPe } from '../support/pe-builder.ts'
import { fixedUuid } from '../support/submission.ts'
import { suiteFolder } from '../support/suite-folder.ts'

// A signature says the project's name and address. Whatever a project may be saved with must fit into a signature:
// what does not would fail after people have approved it.
const folder = suiteFolder()
const [inputPath, outputPath] = [join(folder, 'input.exe'), join(folder, 'output.exe')]
let signer: TestIdentity
beforeAll(async () => {
  signer = await makeIdentity(folder, 'rsa-2048')
  await writeFile(inputPath, buildPe({ format: 'PE32' }).bytes)
})

/** Text of every kind, whole and half characters, controls and what looks like nothing. */
function text(maxLength: number) {
  const character = fc.oneof(
    fc.integer({ min: 0x20, max: 0x7e }),
    fc.integer({ min: 0xa0, max: 0xffff }),
    fc.integer({ min: 0x10000, max: 0x10ffff }),
    fc.constantFrom(0, 0x0d, 0x7f, 0xad, 0x200b, 0x202e, 0xd83d, 0xdc69, 0xfeff, 0xfffe, 0xffff, 0x1f469, 0x10ffff),
  )
  // Mostly letters, so that not everything is refused.
  const letters = fc.array(fc.constantFrom(0x61, 0xe4, 0x5d0, 0x672c, 0x20, 0x2d), { maxLength })
  return fc
    .oneof(
      fc.array(character, { maxLength }),
      letters,
      fc.array(fc.integer({ min: 0xa0, max: 0x3000 }), { maxLength: 4 }),
    )
    .map((codes) => String.fromCodePoint(...codes))
}

/** What the decision answers; `undefined` when it refuses. */
function accepted<T>(decide: () => T): T | undefined {
  try {
    return decide()
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** What a project of this name and address is saved with; `undefined` when it is refused. */
function saved(name: string, repositoryUrl: string | null): ProjectCreated['data'] | undefined {
  const ids = {
    projectId: fixedUuid<ProjectId>('4'),
    organizationId: fixedUuid<OrganizationId>('3'),
  }
  const [event] =
    accepted(() =>
      projectDecider.decide(
        {
          type: 'CreateProject',
          ...ids,
          slug: 'demo',
          name,
          description: null,
          repositoryUrl,
          readers: [],
          configurators: [],
        },
        projectDecider.initialState(),
      ),
    ) ?? []
  return event?.type === 'ProjectCreated' ? event.data : undefined
}

async function signAndVerify({ name, repositoryUrl }: ProjectCreated['data']) {
  const by = { key: signer.key, certificateChain: signer.chain }
  const texts = { description: name, ...(repositoryUrl !== null && { descriptionUrl: repositoryUrl }) }
  await signPeFile({ inputPath, outputPath, ...by, hashAlgorithm: 'sha256', ...texts })
  const [signature] = await verifyPeFile({ path: outputPath, trustedCertificates: [signer.root] })
  expect(signature).toMatchObject(texts)
}

test('whatever a project is saved with, its signature carries and gives back', async () => {
  let kept = 0
  await fc.assert(
    fc.asyncProperty(text(220), text(220), async (name, rest) => {
      for (const url of [null, `https://example.org/${rest}`, `https://${rest}`]) {
        const facts = saved(name, url)
        if (facts === undefined) continue
        kept++
        await signAndVerify(facts)
      }
    }),
    { numRuns: 150 },
  )
  expect(kept).toBeGreaterThan(50)
})

test.each([
  ['Bücherverzeichnis 2', 'https://bücher.example/straße?ß=ä'],
  ['本の目録 カタログ', 'https://例え.テスト/本'],
  ['Сертификат אבטחה برنامج', 'http://пример.испытание/'],
  ['￼ \u00a0 ﬁ ✓', 'https://example.org/👩‍🔧'],
  ['x'.repeat(200), `https://example.org/${'x'.repeat(1980)}`],
  ['本'.repeat(200), `https://example.org/${'𠜎'.repeat(165)}`],
])('another verifier reads %s as it is, and the address in ASCII', async (name, url) => {
  const facts = saved(name, url)
  if (facts?.repositoryUrl == null) throw new Error('it was refused')
  await signAndVerify(facts)
  const verdict = await osslsigncodeVerify(outputPath, signer.rootFile)
  expect(verdict.ok).toBe(true)
  expect(verdict.output).toContain(`Text description: ${facts.name}`)
  // White space is one space each, as everywhere where names are saved; all else is as it was given.
  expect(facts.name).toBe(name.replaceAll(/\s+/g, ' '))
  expect(verdict.output).toContain(`URL description: ${facts.repositoryUrl}`)
  expect(facts.repositoryUrl).toMatch(/^https?:\/\/[\x21-\x7e]+$/)
  expect(new URL(facts.repositoryUrl).href).toBe(new URL(url).href)
})

test.each(['👩‍🔧', '𠮷野家', '\ud83d', '\ufffe', '\uffff', '\u0000', '\u009f', '', 'x'.repeat(201)])(
  'the name %j, which a BMPString cannot carry, is refused when the project is saved',
  (name) => {
    expect(saved(name, null)).toBeUndefined()
  },
)

test.each(['\u202egpj.exe', 'a\u2066b', 'a\u061cb'])(
  'a description that turns text around is refused: %j',
  async (description) => {
    const { key, chain: certificateChain } = signer
    await expect(
      signPeFile({ inputPath, outputPath, key, certificateChain, hashAlgorithm: 'sha256', description }),
    ).rejects.toMatchObject({ code: 'AUTHENTICODE_DESCRIPTION_INVALID' })
  },
)

test('a signature that says two things of its program is refused', () => {
  const value = (name: string) => {
    const text = der.contextPrimitive(0, Buffer.from(name, 'utf16le').swap16())
    return new DerReader(der.sequence(der.context(0, text)), 'TEST').takeAny('')
  }
  const attribute = (...values: readonly DerElement[]) => [
    { type: objectIdentifiers.spcOpusInfo, values, encoded: new Uint8Array() },
  ]
  expect(readProgramInfo(attribute(value('one')))).toEqual({ description: 'one' })
  expect(() => readProgramInfo(attribute(value('one'), value('two')))).toThrow(
    expect.objectContaining({ code: 'AUTHENTICODE_MALFORMED' }),
  )
})

test('whatever subject a certificate is asked for with, it is issued with, and signs', async () => {
  const key = memoryKey('ec-p256')
  const [notBefore, notAfter] = [new Date(Date.now() - 60_000), new Date(Date.now() + 3_600_000)]
  let issued = 0
  const requested = (commonName: string, organization: string) => {
    const ids = { certificateId: fixedUuid<CertificateId>('4'), organizationId: fixedUuid<OrganizationId>('3') }
    const dates = { notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString() }
    const keyId = fixedUuid<KeyId>('7')
    const { organizationId } = ids
    const wanted = { keyId, organizationId, name: 'x', keyStore: 'default', algorithm: 'ec-p256' } as const
    const none = keyDecider.initialState()
    const keyState = fold(keyDecider, keyDecider.decide({ type: 'RequestKeyGeneration', ...wanted }, none))
    const subject = { commonName, organization, country: 'DE' }
    const request = {
      ...ids,
      ...dates,
      keyId,
      renews: null,
      kind: 'selfSigned',
      name: 'x',
      subject,
      ...plainRequest,
    } as const
    return accepted(() =>
      certificateDecider.decide(
        { type: 'RequestCertificate', request, key: keyState, renewed: null },
        certificateDecider.initialState(),
      ),
    )
  }
  await fc.assert(
    fc.asyncProperty(text(70), text(70), async (commonName, organization) => {
      const [event] = requested(commonName, organization) ?? []
      if (event?.type !== 'CertificateRequested' || event.data.kind !== 'selfSigned') return
      const { subject } = event.data
      const certificate = await createSelfSignedCertificate({ key, subject, notBefore, notAfter })
      issued++
      const by = { key, certificateChain: [certificate] }
      await signPeFile({ inputPath, outputPath, ...by, hashAlgorithm: 'sha256' })
      const [signature] = await verifyPeFile({ path: outputPath, trustedCertificates: [certificate] })
      expect(Buffer.from(signature?.signerCertificate ?? []).equals(certificate)).toBe(true)
      expect(Buffer.from(certificate).includes(Buffer.from(subject.commonName, 'utf8'))).toBe(true)
    }),
    { numRuns: 150 },
  )
  expect(issued).toBeGreaterThan(20)
})
