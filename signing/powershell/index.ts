import { type ScriptKind, scriptFormat, scriptVerifier } from '../scripts/index.ts'

/**
 * What all PowerShell files have in common: the digest is that of the text as UTF-16, little endian, with its byte order mark where it has one;
 * in Windows `pwrshsip.dll` verifies them. Formats as jsign and osslsigncode write them, and PowerShell's `Set-AuthenticodeSignature`.
 */
const powerShell = {
  sip: { version: 65536, identifier: '1fcc3b60594b084eb724d2c6297ef351' },
  digestsMark: true,
  digestsPosition: false,
  standsBefore: null,
} as const

const kinds: readonly ScriptKind[] = [
  {
    ...powerShell,
    extensions: ['ps1', 'psm1', 'psd1'],
    begin: '# SIG # Begin signature block',
    end: '# SIG # End signature block',
    before: '# ',
    after: '',
    unmarked: 'utf-8',
  },
  {
    ...powerShell,
    extensions: ['ps1xml', 'cdxml'],
    begin: '<!-- SIG # Begin signature block -->',
    end: '<!-- SIG # End signature block -->',
    before: '<!-- ',
    after: ' -->',
    unmarked: 'windows-1252',
  },
]

/** PowerShell's scripts, modules, manifests, and its files of XML. */
export const powerShellFormat = scriptFormat({
  name: 'powershell',
  title: 'PowerShell scripts and modules (ps1, psm1, psd1, ps1xml, cdxml)',
  elements: ['powershell-file'],
  kinds,
})

/** Judges the signatures that such files have already. */
export const powerShellVerifier = scriptVerifier(powerShellFormat.name, kinds)
