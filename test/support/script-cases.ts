import { createHash } from 'node:crypto'

/** A script of one language in one encoding. */
export type ScriptCase = {
  /** Its own file name. */
  readonly name: string
  readonly bytes: Buffer
  /** The text without a byte order mark, as Windows decodes it. */
  readonly text: string
  readonly isMarked: boolean
}

const lines: Readonly<Record<string, readonly string[]>> = {
  ps1: ['# Größe: ä €', 'Write-Output "1"', ''],
  psm1: ['function Get-One { 1 }', 'Export-ModuleMember Get-One'],
  psd1: ["@{ ModuleVersion = '1.0' }", '', ''],
  ps1xml: ['<?xml version="1.0"?>', '<!-- Größe -->', '<Types/>', ''],
  cdxml: ['<?xml version="1.0"?>', '<PowerShellMetadata/>'],
  vbs: ["' Größe €", 'WScript.Echo "1"', ''],
  js: ['// Größe €', 'WScript.Echo(1);'],
  wsf: ['<package>', '<job id="a">', '<script>// ä</script>', '</job>', '<job id="b">', '</job>', '</package>', ''],
}

/** Of each language a script in each encoding that can be signed, with CRLF and with LF. */
export function scriptCases(): readonly ScriptCase[] {
  return Object.entries(lines).flatMap(([extension, own]) =>
    ['\r\n', '\n'].flatMap((lineEnd, ends) => {
      const text = own.join(lineEnd)
      const unmarked = Buffer.from(text, 'utf8')
      const isUtf8 = ['ps1', 'psm1', 'psd1', 'wsf'].includes(extension)
      const named = (encoding: string) => `${encoding}-${ends}.${extension}`
      const marked = (encoding: string, bytes: Buffer) => ({ name: named(encoding), bytes, text, isMarked: true })
      return [
        { name: named('none'), bytes: unmarked, text: isUtf8 ? text : windowsText(unmarked), isMarked: false },
        marked('utf8', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), unmarked])),
        marked('utf16le', Buffer.from(`\ufeff${text}`, 'utf16le')),
        marked('utf16be', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()),
      ]
    }),
  )
}

/** Bytes as Windows-1252, those that it has no characters for included. */
export function windowsText(bytes: Buffer): string {
  return new TextDecoder('windows-1252').decode(bytes)
}

/** What a signature of a script signs, by the rule of its language; written once more, for the tests. */
export function scriptDigest({ name, text, isMarked }: ScriptCase, algorithm = 'sha256'): string {
  const isPowerShell = /\.(?:ps1|psm1|psd1|ps1xml|cdxml)$/.test(name)
  const hash = createHash(algorithm).update(
    Buffer.from(`${isPowerShell && isMarked ? '\ufeff' : ''}${text}`, 'utf16le'),
  )
  if (!isPowerShell) {
    const place = name.endsWith('.wsf') ? text.lastIndexOf('</job>') : text.length
    hash.update(Uint8Array.of(place & 0xff, (place >> 8) & 0xff, (place >> 16) & 0xff, place >> 24))
  }
  return hash.digest('hex')
}
