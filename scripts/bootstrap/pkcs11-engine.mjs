import { existsSync } from 'node:fs'

const places = [
  '/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so',
  '/usr/lib/aarch64-linux-gnu/engines-3/pkcs11.so',
  '/usr/lib64/engines-3/pkcs11.so',
  '/usr/local/lib/engines-3/pkcs11.so',
  '/opt/homebrew/lib/engines-3/pkcs11.dylib',
]

/**
 * Where OpenSSL's engine for PKCS#11 is, by which osslsigncode uses a token's keys.
 *
 * @returns {string | undefined}
 */
export function pkcs11Engine() {
  return places.find((path) => existsSync(path))
}
