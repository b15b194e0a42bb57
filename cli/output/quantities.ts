/** Bytes as people read them, in powers of 1024: `512 B`, `1.5 MiB`. */
export function readableSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 'B'
  for (const next of units) {
    if (value < 1023.95) break
    value /= 1024
    unit = next
  }
  return `${value.toFixed(1)} ${unit}`
}

/** A moment without its milliseconds: `2026-01-31 09:30:00Z`. */
export function readableTime(instant: string): string {
  return instant.replace('T', ' ').replace(/\.\d+Z$/, 'Z')
}

/** A count with its noun: `1 file`, `3 files`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** Where a file is: names from the artifact inwards, as one line. */
export function pathText(path: readonly string[]): string {
  return path.join('/')
}
