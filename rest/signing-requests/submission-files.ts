import type { Application, Caller, Upload } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import type { FileField } from '../operation.ts'
import { checkedBytes } from '../upload-body.ts'

type Uploading = Pick<Application, 'uploadArtifact' | 'discardUpload'>

/** The artifact of a submission, streamed into the store as it comes. */
export function artifactField(application: Uploading): FileField<Upload> {
  return {
    description: 'the file to be signed, with its file name',
    isRequired: true,
    receive: (caller, { fileName, bytes }) =>
      application.uploadArtifact(caller, { fileName: fileName ?? '', bytes: checkedBytes(bytes, undefined) }),
    discard: discardWith(application),
  }
}

/** The files that say where an artifact comes from, by whatever names they come. */
export function originFiles(application: Uploading) {
  return {
    'origin.buildData.buildSettingsFile': originFile(application, {
      description: 'The file that said how to build.',
      field: 'origin.buildData.buildSettingsFile',
      unnamed: 'build-settings',
      mostBytes: 4 * 1024 ** 2,
    }),
    'origin.sourceSummary': originFile(application, {
      description:
        "A verification summary of the source revision (SLSA's source track), as DSSE envelope or sigstore bundle, where the signing policy demands one.",
      field: 'origin.sourceSummary',
      unnamed: 'source-summary.json',
      mostBytes: 1024 ** 2,
    }),
  } as const
}

/** What of {@link originFiles} was sent, as submissions name it. */
export function originUploads(
  files: Readonly<Partial<Record<'origin.buildData.buildSettingsFile' | 'origin.sourceSummary', Upload>>>,
) {
  const summary = files['origin.sourceSummary']
  return {
    buildSettingsUploadId: files['origin.buildData.buildSettingsFile']?.uploadId ?? null,
    sourceSummaryUploadIds: summary === undefined ? [] : [summary.uploadId],
  }
}

type OriginFile = {
  readonly description: string
  readonly field: string
  /** What people call a file of which the client says nothing that can be kept. */
  readonly unnamed: string
  readonly mostBytes: number
}

function originFile(application: Uploading, { description, ...file }: OriginFile): FileField<Upload> {
  return {
    description,
    isRequired: false,
    receive: (caller, { fileName = '', bytes }) =>
      application.uploadArtifact(caller, {
        fileName: plainName(fileName) ?? file.unnamed,
        bytes: limited(bytes, file),
      }),
    discard: discardWith(application),
  }
}

function discardWith({ discardUpload }: Uploading) {
  return (caller: Caller, { uploadId }: Upload) => discardUpload(caller, uploadId)
}

/** The name of the file without its folders: the client's own name of it may be a path. `undefined` for one that cannot be kept. */
function plainName(fileName: string): string | undefined {
  const last = fileName.split(/[/\\]/).at(-1)?.trim() ?? ''
  return /^[\w .@+-]{1,200}$/.test(last) ? last : undefined
}

async function* limited(
  bytes: AsyncIterable<Uint8Array>,
  { field, mostBytes }: Pick<OriginFile, 'field' | 'mostBytes'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.byteLength
    if (size > mostBytes)
      throw new Refusal('REQUEST_TOO_LARGE', `${field} has more than ${mostBytes} bytes.`, {
        maximumSize: mostBytes,
        field,
      })
    yield chunk
  }
}
