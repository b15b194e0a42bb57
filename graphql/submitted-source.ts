import type { BuildArtifactSubmission, SubmittedSource } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import { builder } from './builder.ts'

const LinkHeaderInput = builder.inputType('LinkHeaderInput', {
  description: 'A header that is sent along when a link is fetched.',
  fields: (t) => ({
    name: t.string({ required: true }),
    value: t.string({
      required: true,
      description: 'Secret: it is kept sealed until the artifact is fetched, and shown to nobody.',
    }),
  }),
})

/** An artifact that the service fetches. */
export const LinkInput = builder.inputType('LinkInput', {
  description: 'Where an artifact is fetched by HTTP.',
  fields: (t) => ({
    url: t.string({
      required: true,
      description:
        'Absolute; https, of a public address, unless the operator allows more. What stands behind `?` is secret, as the values of headers are.',
    }),
    fileName: t.string({ required: true, description: "The artifact's plain file name." }),
    sha256: t.string({ description: 'The digest that it must have, 64 hexadecimal characters.' }),
    headers: t.field({
      type: [LinkHeaderInput],
      description: 'Sent to the host of the address alone, and not to where it may lead.',
    }),
  }),
})

/** An artifact that is uploaded after its submission. */
export const AnnouncedUploadInput = builder.inputType('AnnouncedUploadInput', {
  description: 'An artifact that is uploaded later.',
  fields: (t) => ({
    fileName: t.string({ required: true, description: 'Its plain file name.' }),
    sha256: t.string({ required: true, description: 'The digest that it must have, 64 hexadecimal characters.' }),
  }),
})

/** An artifact that the service fetches from the build system that made it. */
export const BuildArtifactInput = builder.inputType('BuildArtifactInput', {
  description: 'An artifact that the service fetches from the build system that made it, as `build` names it.',
  fields: (t) => ({
    trustedBuildSystem: t.string({
      description: 'Slug of the build system; the one that vouches for the call when absent.',
    }),
    sha256: t.string({ description: 'The digest that it must have, 64 hexadecimal characters.' }),
  }),
})

type Input = {
  readonly uploadId?: string | null | undefined
  readonly link?: typeof LinkInput.$inferInput | null | undefined
  readonly announcedUpload?: typeof AnnouncedUploadInput.$inferInput | null | undefined
  readonly buildArtifact?: typeof BuildArtifactInput.$inferInput | null | undefined
}

/** Where a submission says its artifact comes from: a source, or its build system. */
export type SaidSource =
  | { readonly source: SubmittedSource }
  | { readonly ofBuild: Pick<BuildArtifactSubmission, 'kind' | 'buildSystem' | 'artifact'> }

/**
 * Where a submission says its artifact comes from.
 *
 * @throws Refusal `ARGUMENTS_AMBIGUOUS` unless it says so once
 */
export function submittedSource({ uploadId, link, announcedUpload, buildArtifact }: Input): SaidSource {
  const said: SubmittedSource[] = []
  if (uploadId != null) said.push({ kind: 'uploadedFile', uploadId })
  if (link != null) {
    const { url, fileName, sha256 = null } = link
    said.push({ kind: 'link', url, fileName, sha256, headers: headersOf(link.headers ?? []) })
  }
  if (announcedUpload != null) said.push({ kind: 'announcedUpload', ...announcedUpload })
  const [source, ...others] = said
  if (source !== undefined && others.length === 0 && buildArtifact == null) return { source }
  if (source !== undefined || buildArtifact == null)
    throw new Refusal('ARGUMENTS_AMBIGUOUS', 'Say one of uploadId, link, announcedUpload and buildArtifact.')
  const { trustedBuildSystem: buildSystem = null, sha256 } = buildArtifact
  const artifact = { kind: 'fetched', ...(sha256 != null && { sha256 }) } as const
  return { ofBuild: { kind: null, buildSystem, artifact } }
}

function headersOf(
  headers: readonly { readonly name: string; readonly value: string }[],
): Readonly<Record<string, string>> {
  const named = new Map<string, string>()
  for (const { name, value } of headers) {
    if (named.has(name))
      throw new Refusal('OUTGOING_HEADER_INVALID', 'The headers cannot be sent. One of them is named twice.')
    named.set(name, value)
  }
  return Object.fromEntries(named)
}
