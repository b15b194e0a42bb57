import { peFormat } from './authenticode/index.ts'
import { catalogFormat } from './catalog/index.ts'
import { jarFormat } from './jar/index.ts'
import { jsonFormat } from './jsf/index.ts'
import { nugetFormat } from './nuget/index.ts'
import { powerShellFormat } from './powershell/index.ts'
import type { SignatureFormat } from './signature-format.ts'
import { windowsScriptFormat } from './windows-script/index.ts'
import { xmlFormat } from './xml/index.ts'

/** Every format that this release can sign. A file that several recognize is of the first of them. */
export const signatureFormats: readonly SignatureFormat[] = [
  peFormat,
  powerShellFormat,
  windowsScriptFormat,
  catalogFormat,
  nugetFormat,
  jarFormat,
  // Last: scripts in XML are known by their names.
  xmlFormat,
  jsonFormat,
]
