/** The language in which it is written what is signed inside of an artifact, and how. */
export * from './configuration.ts'
export { type AttributeRule, type DirectiveRule, directiveRules } from './directive-rules.ts'
export { findUnsupported, type SupportedLanguage } from './find-unsupported.ts'
export { formatConfiguration } from './format-configuration.ts'
export { directivesOf, type ElementRule, elementOfSet, elementRules } from './language.ts'
export {
  ContainerMatcher,
  type ContainerMatches,
  type FileMatch,
  type FolderMatch,
  matchesRoot,
} from './match.ts'
export type { MatchFinding } from './match-findings.ts'
export type { NearMatch } from './near-matches.ts'
export { type ConfigurationErrors, type ParsedConfiguration, parseConfiguration } from './parse-configuration.ts'
export { parseInThread } from './parse-in-thread.ts'
export { publishedSchema } from './published-schema.ts'
export { withFileName } from './reading/references.ts'
export { resolveParameters } from './resolve-parameters.ts'
export {
  type LeftFile,
  type SampleFile,
  type SuggestedConfiguration,
  suggestConfiguration,
} from './suggest-configuration.ts'
