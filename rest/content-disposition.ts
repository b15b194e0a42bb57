/**
 * The header that makes a browser save a file by its name (RFC 6266): in ASCII for old clients, and whole (RFC 8187).
 */
export function attachment(fileName: string): string {
  const ascii = fileName.toWellFormed().replace(/[^\x20-\x7e]|["\\%]/gu, '_')
  const whole = encodeURIComponent(fileName.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${whole}`
}
