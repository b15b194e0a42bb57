import { buildConfiguration, type ConfigurationErrors, failed } from './parse-configuration.ts'
import { printXml } from './print-xml.ts'
import { Findings } from './reading/findings.ts'
import { readXml } from './reading/read-xml.ts'

/**
 * Writes an artifact configuration in its one layout, with its comments; what it means stays the same. Written once more it stays as it
 * is.
 *
 * @returns the text; the errors of a document that is no configuration
 */
export function formatConfiguration(
  document: string | Uint8Array,
): { readonly kind: 'formatted'; readonly text: string } | ({ readonly kind: 'errors' } & ConfigurationErrors) {
  const findings = new Findings()
  const xml = readXml(document, findings)
  if (xml === undefined) return failed(findings)
  const built = buildConfiguration(xml.root, findings)
  return built.kind === 'errors' ? built : { kind: 'formatted', text: printXml(xml) }
}
