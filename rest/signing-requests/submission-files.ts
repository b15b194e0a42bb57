import type { Application, Caller, Upload } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import type { FileField } from '../operation.ts'
import { checkedBytes } from '../upload-body.ts'

type Uploading = Pick<Application, 'uploadArtifact' | 'discardUpload'>

/** What people call a file of which the client says nothing that can be kept. */
const unnamed = 'build-settings'
/** The most bytes of a file that says how to build. */
const mostSettingsBytes = 4 * 1024 ** 2

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

/** `origin.buildData.buildSettingsFile`: by whatever name it comes. */
export function buildSettingsField(application: Uploading): FileField<Upload> {
  return {
    description: 'The file that said how to build.',
    isRequired: false,
    receive: (caller, { fileName = '', bytes }) =>
      application.uploadArtifact(caller, { fileName: plainName(fileName), bytes: limited(bytes) }),
    discard: discardWith(application),
  }
}

function discardWith({ discardUpload }: Uploading) {
  return (caller: Caller, { uploadId }: Upload) => discardUpload(caller, uploadId)
}

/** The name of the file without its folders: the client's own name of it may be a path. */
function plainName(fileName: string): string {
  const last = fileName.split(/[/\\]/).at(-1)?.trim() ?? ''
  return /^[\w .@+-]{1,200}$/.test(last) ? last : unnamed
}

async function* limited(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.byteLength
    if (size > mostSettingsBytes)
      throw new Refusal(
        'REQUEST_TOO_LARGE',
        `origin.buildData.buildSettingsFile has more than ${mostSettingsBytes} bytes.`,
        { maximumSize: mostSettingsBytes, field: 'origin.buildData.buildSettingsFile' },
      )
    yield chunk
  }
}
