import { readFileSync } from 'node:fs'
import { ConfigurationError } from './configuration-error.ts'

/**
 * Reads the configuration file.
 *
 * @throws ConfigurationError `CONFIGURATION_FILE_UNREADABLE`, without a word of what it holds
 */
export function readJson(path: string): object {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(
      'CONFIGURATION_FILE_UNREADABLE',
      `The configuration file ${path} cannot be read: ${(error as Error).message}`,
      { cause: error },
    )
  }
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read
  } catch (error) {
    // The parser's own message quotes the file, which may hold secrets; only the place where it stopped is given.
    const [place = ''] = / at position \d+.*$/.exec((error as Error).message) ?? []
    throw new ConfigurationError(
      'CONFIGURATION_FILE_UNREADABLE',
      `The configuration file ${path} is not well-formed JSON${place}.`,
    )
  }
  throw new ConfigurationError(
    'CONFIGURATION_FILE_UNREADABLE',
    `The configuration file ${path} must hold a JSON object.`,
  )
}

/**
 * Reads a secret from a file of its own; white space around it does not count.
 *
 * @param setting what names the file, for the message
 * @throws ConfigurationError `SECRET_FILE_UNREADABLE`, also when there is nothing in it
 */
export function readSecret(path: string, setting: string): string {
  const secret = readSecretFile(path, setting)
  // An empty PIN would be tried all the same, and a token counts those that are wrong.
  if (secret === '') throw new ConfigurationError('SECRET_FILE_UNREADABLE', `${setting} names ${path}, which is empty.`)
  return secret
}

function readSecretFile(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ConfigurationError('SECRET_FILE_UNREADABLE', `${setting} names ${path}, which cannot be read.`, {
      cause: error,
    })
  }
}
