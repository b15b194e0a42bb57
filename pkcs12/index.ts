/** PKCS #12 files (RFC 7292), opened where their password is: on the machine of whoever has them. */
export { largestPfx, type OpenedPfx, openPfx } from './open-pfx.ts'
export { Pkcs12Error, type Pkcs12ErrorCode } from './pkcs12-error.ts'
