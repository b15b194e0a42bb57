/** Texts that carry their Authenticode signature in lines of their own, whatever their language. */
export { type DigestedScript, digestScript, judgeScript } from './script-digestion.ts'
export { type ScriptLayout, scriptFormat, scriptVerifier } from './script-format.ts'
export { type ScriptKind, scriptSizeLimit } from './script-kind.ts'
export { verifyScript } from './verify-script.ts'
