import {
  elementRules,
  type SampleFile,
  type SuggestedConfiguration,
  type SupportedLanguage,
  suggestConfiguration,
} from './configuration/index.ts'
import { type InspectedFile, openedContainers } from './planner/index.ts'

/**
 * Suggests an artifact configuration for files such as an inspected one. Archives that hold others are opened and not signed themselves,
 * unless they are Java archives or NuGet packages by their names.
 */
export function suggestForSample(sample: InspectedFile, supported: SupportedLanguage): SuggestedConfiguration {
  return suggestConfiguration(sampleOf(sample, supported), supported)
}

function sampleOf(file: InspectedFile, supported: SupportedLanguage): SampleFile {
  const { name, existingSignatures, files } = file
  return {
    path: name.replaceAll('\\', '/'),
    element: elementOf(file, supported),
    isSigned: existingSignatures.some((each) => each.kind === 'signature' && each.integrity === 'intact'),
    files: files.map((each) => sampleOf(each, supported)),
  }
}

/** What means a file like this one: by its bytes, and where only texts are told apart by it, by its name. */
function elementOf({ name, format, isContainer }: InspectedFile, { formats }: SupportedLanguage): string | null {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const isCalled = (element: string) => elementRules.get(element)?.extensions.includes(ending) === true
  if (isContainer) return [...openedContainers].find(isCalled) ?? 'zip-file'
  const found = formats.find((each) => 'name' in each && each.name === format)
  // Documents in XML are many, and few of them are to be signed.
  return (
    found?.elements.find((element) => element === 'pe-file' || (element !== 'xml-file' && isCalled(element))) ?? null
  )
}
