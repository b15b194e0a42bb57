/** The last part of a path, which may have been written on Windows. */
export function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path
}

/** Whether a path leads downwards from where it starts, and names something. */
export function isInnerPath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}]/u.test(part))
}
