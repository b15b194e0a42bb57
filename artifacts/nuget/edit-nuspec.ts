import { SaxesParser } from 'saxes'
import { packageError } from './package-error.ts'

/** Where a package was built from, as its metadata say it (`<repository>` of a nuspec). */
export type PackageRepository = {
  /** `git`, `hg` or `svn`. */
  readonly type: string
  readonly url: string
  readonly commit: string
}

/** Where something goes into the text of a nuspec. */
type Insertion = { readonly at: number; readonly text: string }

/** What of a nuspec decides where the repository goes. Positions are those of UTF-16 code units. */
type Found = {
  metadata: { readonly start: number; end: number | undefined } | undefined
  metadataCount: number
  repositories: { readonly tagEnd: number; readonly attributes: Readonly<Record<string, string>> }[]
  wrong: string | undefined
}

const byteOrderMark = '\ufeff'

/**
 * Writes repository and commit into the metadata of a nuspec. Nothing else of its bytes changes; a nuspec that says the same
 * already stays as it is.
 *
 * @param isSameUrl whether two addresses mean the same repository
 * @throws ArtifactError `NUGET_NUSPEC_ENCODING`, `NUGET_NUSPEC_MALFORMED`, `NUGET_REPOSITORY_DIFFERENT`
 */
export function editNuspec(
  nuspec: Uint8Array,
  repository: PackageRepository,
  options: {
    readonly fileName: string
    readonly entry: string
    readonly isSameUrl: (one: string, other: string) => boolean
  },
): Buffer {
  const { fileName, entry } = options
  const text = decode(nuspec, fileName, entry)
  const malformed = (why: string) =>
    packageError(
      'NUGET_NUSPEC_MALFORMED',
      `The package's nuspec cannot be read: ${why} Correct it, and pack again.`,
      fileName,
      entry,
    )
  const { metadata, metadataCount, repositories, wrong } = find(text, malformed)
  if (wrong !== undefined) throw malformed(wrong)
  if (metadata?.end === undefined || metadataCount !== 1)
    throw malformed('it needs one element metadata, with an end tag.')
  if (repositories.length > 1) throw malformed('it has several elements repository.')
  const [there] = repositories
  const insertion =
    there === undefined
      ? newElement(text, metadata.start, metadata.end, repository)
      : missingAttributes(text, there, repository, options)
  return Buffer.from(text.slice(0, insertion.at) + insertion.text + text.slice(insertion.at), 'utf8')
}

function decode(nuspec: Uint8Array, fileName: string, entry: string): string {
  const refused = () =>
    packageError(
      'NUGET_NUSPEC_ENCODING',
      "The package's nuspec is not UTF-8, or says that it is something else. Save it as UTF-8, and pack again.",
      fileName,
      entry,
    )
  // The decoder keeps the byte order mark, and refuses what is not UTF-8: UTF-16 begins with bytes that it never has.
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(nuspec)
  } catch {
    throw refused()
  }
  // UTF-16 without a mark is UTF-8 with zeros.
  if (text.includes('\0')) throw refused()
  const declared = /^\ufeff?<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1]
  if (declared !== undefined && declared.toLowerCase() !== 'utf-8') throw refused()
  return text
}

function find(text: string, malformed: (why: string) => Error): Found {
  const found: Found = { metadata: undefined, metadataCount: 0, repositories: [], wrong: undefined }
  const marks = text.startsWith(byteOrderMark) ? 1 : 0
  const parser = new SaxesParser({ xmlns: true })
  const path: string[] = []
  let namespace = ''
  const wrong = (why: string) => {
    found.wrong ??= why
  }
  parser.on('doctype', () => wrong('it has a document type definition.'))
  parser.on('opentag', (tag) => {
    const position = parser.position + marks
    const name = tag.local.toLowerCase()
    const at = [...path, name].join('/')
    path.push(name)
    if (path.length === 1 && (tag.local !== 'package' || tag.prefix !== '')) wrong('its root is not package.')
    if (at === 'package/metadata') {
      found.metadataCount += 1
      if (tag.local !== 'metadata' || tag.prefix !== '' || tag.isSelfClosing)
        wrong('its element metadata is written otherwise.')
      found.metadata = { start: position, end: undefined }
      namespace = tag.uri
    }
    if (at === 'package/metadata/repository') {
      if (tag.local !== 'repository' || tag.prefix !== '' || tag.uri !== namespace)
        wrong('its element repository is written otherwise, or in another namespace.')
      const attributes = Object.values(tag.attributes).map(({ name: attribute, value }) => [attribute, value] as const)
      found.repositories.push({ tagEnd: position, attributes: Object.fromEntries(attributes) })
    }
  })
  parser.on('closetag', () => {
    const closed = path.join('/')
    path.pop()
    if (closed === 'package/metadata' && found.metadata !== undefined)
      found.metadata.end = text.lastIndexOf('</', parser.position + marks - 1)
  })
  try {
    parser.write(text.slice(marks)).close()
  } catch (error) {
    throw malformed(`${(error as Error).message.replace(/^undefined:/, '')}.`)
  }
  return found
}

/** A new element behind the last one, on a line of its own when the others are. */
function newElement(text: string, start: number, end: number, repository: PackageRepository): Insertion {
  const indentation = /^\s*(?=<)/.exec(text.slice(start, end))?.[0] ?? ''
  const trailing = /\s*$/.exec(text.slice(start, end))?.[0] ?? ''
  return { at: end - trailing.length, text: `${indentation}<repository${attributesOf(repository)} />` }
}

/** The attributes that an element has not. What it has must say the same: a package does not contradict its own build. */
function missingAttributes(
  text: string,
  { tagEnd, attributes }: { readonly tagEnd: number; readonly attributes: Readonly<Record<string, string>> },
  repository: PackageRepository,
  {
    fileName,
    entry,
    isSameUrl,
  }: { fileName: string; entry: string; isSameUrl: (one: string, other: string) => boolean },
): Insertion {
  const isSame = {
    type: (said: string) => said.toLowerCase() === repository.type,
    url: (said: string) => isSameUrl(said, repository.url),
    commit: (said: string) => said.toLowerCase() === repository.commit.toLowerCase(),
  }
  const missing: Partial<PackageRepository>[] = []
  for (const name of ['type', 'url', 'commit'] as const) {
    const said = attributes[name]
    if (said === undefined) missing.push({ [name]: repository[name] })
    else if (!isSame[name](said))
      throw packageError(
        'NUGET_REPOSITORY_DIFFERENT',
        `The package's nuspec says ${name} «${said.slice(0, 200)}» of its repository; the build system says «${repository[name]}». Leave the attribute out, or correct it.`,
        fileName,
        entry,
      )
  }
  const isSelfClosing = text[tagEnd - 2] === '/'
  return { at: tagEnd - (isSelfClosing ? 2 : 1), text: missing.map(attributesOf).join('') }
}

function attributesOf(attributes: Partial<PackageRepository>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join('')
}

function escaped(value: string): string {
  return value.replace(/[&<>"\t\r\n]/g, (character) => `&#${character.codePointAt(0)};`)
}
