import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificatesOfFile, readCertificate } from '../../../proxy/certificates/certificate.ts'
import { comparableName, nameText, readName } from '../../../proxy/certificates/names.ts'
import { readTemplate, readTemplateName, templateExtension } from '../../../proxy/certificates/template.ts'
import { unmetCondition } from '../../../proxy/rules/conditions.ts'
import { assess } from '../../../proxy/rules/judge.ts'
import { SigningError } from '../../../signing/signing-error.ts'
import { NodeAuthority, templateExtension as templateLines } from '../../support/node-authority.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateDer } from '../mutation/der.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

const templateId = '1.3.6.1.4.1.311.21.8.9870412.3157129'

/** What is changed: a certificate of a node, and parts of it that are read by themselves. */
type Base = { readonly certificate: Buffer; readonly template: Buffer; readonly name: Buffer }

/**
 * Certificates of build nodes: changed ones are refused with a code, or read so that names can be printed and kept, versions are in
 * their range, and no template is taken for another one's; judging never fails in another way.
 */
export const target: FuzzTarget = {
  name: 'proxy-certificate',
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const base = await makeBase(folder.path)
    return await fuzzInputs(request, async (random, seed) => tryOne(base, random, seed))
  },
}

async function makeBase(folder: string): Promise<Base> {
  const authority = await NodeAuthority.root(folder, 'Root')
  const more = `1.3.6.1.4.1.311.20.2=ASN1:BMP:BuildNode\n${templateLines(templateId, 100, 3)}`
  const subject = '/DC=example/DC=corp/OU=Bücher + Nodes/CN=build-01'
  const { certificateFile } = await authority.issue('build-01', { more, subject })
  const [certificate] = certificatesOfFile(await readFile(certificateFile))
  if (certificate === undefined) throw new Error('There is no certificate.')
  const { extensions, subject: name } = readCertificate(certificate)
  return {
    certificate,
    template: Buffer.from(extensions.get(templateExtension)?.value ?? []),
    name: Buffer.from(name),
  }
}

function tryOne({ certificate, template, name }: Base, random: SeededRandom, seed: number): string {
  const changed = (base: Buffer) => (random.below(3) > 0 ? mutateDer(base, random) : mutateBytes(base, random))
  switch (random.below(3)) {
    case 0: {
      const input = changed(certificate)
      return outcomeOf(input, seed, () => judged(input, seed))
    }
    case 1: {
      const input = changed(template)
      return outcomeOf(input, seed, () => {
        const { id, majorVersion, minorVersion } = readTemplate(input)
        for (const version of [majorVersion, minorVersion])
          if (version !== undefined && !(Number.isInteger(version) && version >= 0 && version <= 4_294_967_295))
            throw new FuzzFailure(seed, input, `a version is ${version}`)
        if (id === templateId && !input.includes(template.subarray(2, template.indexOf(0x02))))
          throw new FuzzFailure(seed, input, 'other bytes are read as the identifier')
        return 'a template'
      })
    }
    default: {
      const input = changed(name)
      return outcomeOf(input, seed, () => {
        const read = readName(input, 'X')
        requirePrintable(nameText(read), input, seed)
        if (comparableName(readName(input, 'X')) !== comparableName(read))
          throw new FuzzFailure(seed, input, 'a name differs from itself')
        readTemplateName(input)
        return 'a name'
      })
    }
  }
}

function judged(input: Buffer, seed: number): string {
  // Judging answers, whatever it is given.
  const assessment = assess([input], [])
  if ('malformed' in assessment) return 'malformed'
  const { leaf } = assessment
  for (const each of [leaf.subjectName, leaf.issuerName]) requirePrintable(nameText(each), input, seed)
  const conditions = { subject: undefined, template: { id: templateId }, extendedKeyUsages: [] }
  const stated = { template: undefined, name: undefined }
  if (unmetCondition(leaf, stated, conditions) === undefined)
    throw new FuzzFailure(seed, input, 'a certificate without a template meets a rule about one')
  return 'a certificate'
}

/** What is printed and kept: well-formed, and without what does something to whoever prints it. */
function requirePrintable(text: string, input: Buffer, seed: number): void {
  if (!text.isWellFormed() || /[\p{Cc}\p{Cf}]/u.test(text))
    throw new FuzzFailure(seed, input, `a name is printed as ${JSON.stringify(text)}`)
}

function outcomeOf(input: Buffer, seed: number, read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (error instanceof FuzzFailure) throw error
    if (error instanceof SigningError) return error.code
    throw new FuzzFailure(seed, input, 'no SigningError', { cause: error })
  }
}
