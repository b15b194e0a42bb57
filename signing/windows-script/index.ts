import { type ScriptKind, scriptFormat, scriptVerifier } from '../scripts/index.ts'

/**
 * What all scripts of Windows Script Host have in common: the digest is that of the text as UTF-16, little endian, without a byte order mark, and
 * of the place of the signature behind it. Formats as jsign writes them and `wshext.dll` verifies them; osslsigncode signs `js` by the rule
 * of PowerShell, which Windows refuses.
 */
const windowsScript = { digestsMark: false, digestsPosition: true } as const

const kinds: readonly ScriptKind[] = [
  {
    ...windowsScript,
    extensions: ['vbs'],
    begin: "'' SIG '' Begin signature block",
    end: "'' SIG '' End signature block",
    before: "'' SIG '' ",
    after: '',
    sip: { version: 1, identifier: '4ef029169927b54d8fe5ace10f17ebab' },
    unmarked: 'windows-1252',
    standsBefore: null,
  },
  {
    ...windowsScript,
    extensions: ['js'],
    begin: '// SIG // Begin signature block',
    end: '// SIG // End signature block',
    before: '// SIG // ',
    after: '',
    sip: { version: 1, identifier: '10e0c906ce38d411a2a300104bd35090' },
    unmarked: 'windows-1252',
    standsBefore: null,
  },
  {
    ...windowsScript,
    extensions: ['wsf'],
    begin: '<signature>',
    end: '</signature>',
    before: '** SIG ** ',
    after: '',
    sip: { version: 1, identifier: '7005611ace38d411a2a300104bd35090' },
    unmarked: 'utf-8',
    standsBefore: '</job>',
  },
]

/** Scripts of Windows Script Host. */
export const windowsScriptFormat = scriptFormat({
  name: 'windows-script',
  title: 'scripts of Windows Script Host (vbs, js, wsf)',
  elements: ['windows-script-file'],
  kinds,
})

/** Judges the signatures that such files have already. */
export const windowsScriptVerifier = scriptVerifier(windowsScriptFormat.name, kinds)
