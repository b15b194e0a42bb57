import type { Artifact } from './signing-request/source.ts'
import type { OriginEvidence } from './verified-origin.ts'

/** How files of a media type end that connectors keep. */
const endings: Readonly<Record<string, string>> = {
  'application/json': '.json',
  'application/yaml': '.yml',
  'application/xml': '.xml',
  'text/plain': '.txt',
}

/** A raw answer of a build system as a file: its name is a plain one, whatever the connector calls it. */
export function evidenceFile({ name, mediaType, sha256, size }: OriginEvidence): Artifact {
  const plain = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 100)
  const [type = ''] = mediaType.split(';')
  return { fileName: `${plain}${endings[type.trim().toLowerCase()] ?? '.bin'}`, sha256, size }
}
