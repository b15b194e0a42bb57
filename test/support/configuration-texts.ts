import type { ApplicationDependencies } from '../../application/index.ts'
import { type ArtifactStore, createVerifiedReader } from '../../artifacts/index.ts'
import { configurationTexts, supportedLanguage } from '../../server/configuration-texts.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'

/** Its thread is started by the first text that is read, and keeps no process alive. */
const passes = new FilePasses(1)

/** Texts of artifact configurations in a store, read as the service reads them. */
export function testConfigurationTexts(
  store: Pick<ArtifactStore, 'put' | 'open'>,
): ApplicationDependencies['configurationTexts'] {
  return configurationTexts({ store, reader: createVerifiedReader(store), supported: supportedLanguage, passes })
}
