/** The language in which it is written what is signed inside of an artifact, and how. */
export * from './configuration.ts'
export { type AttributeRule, type DirectiveRule, directiveRules } from './directive-rules.ts'
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
