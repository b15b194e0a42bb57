import { directiveRules } from './directive-rules.ts'
import { documentRules } from './document-rules.ts'
import { elementRules } from './element-rules.ts'
import type { LanguageRule } from './rule.ts'

export { configuration, inZip, type LanguageRule } from './rule.ts'

/** Every rule of the language of artifact configurations. */
export const languageRules: readonly LanguageRule[] = [...documentRules, ...elementRules, ...directiveRules]
