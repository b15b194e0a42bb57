import { createCipheriv, createHmac, pbkdf2Sync } from 'node:crypto'

/** DER of one element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([header(tag, content.length), content])
}

/** BER of one constructed element whose length is not given. */
export function ber(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x80), ...parts, Buffer.of(0, 0)])
}

function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length)
  const octets = Buffer.from(length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.of(tag, 0x80 | octets.length), octets])
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)
const octets = (bytes: Uint8Array) => der(0x04, bytes)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const nothing = der(0x05)

/** An INTEGER from 0 to 2^31 - 1. */
function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(value, 1)
  const first = bytes.findIndex((octet, index) => octet !== 0 || index === 4)
  return der(0x02, bytes.subarray((bytes[first] ?? 0) >= 0x80 ? first - 1 : first))
}

const names = {
  data: '2a864886f70d010701',
  keyBag: '2a864886f70d010c0a0101',
  shroudedKeyBag: '2a864886f70d010c0a0102',
  certificateBag: '2a864886f70d010c0a0103',
  nestedBag: '2a864886f70d010c0a0106',
  x509: '2a864886f70d01091601',
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
  pbmac1: '2a864886f70d01050e',
  hmacSha256: '2a864886f70d0209',
  aes256: '60864801650304012a',
}

const salt = Buffer.from('0102030405060708', 'hex')
const iv = Buffer.alloc(16, 7)

function pbkdf2Algorithm(iterations: number): Buffer {
  const parameters = [octets(salt), integer(iterations), integer(32), sequence(oid(names.hmacSha256), nothing)]
  return sequence(oid(names.pbkdf2), sequence(...parameters))
}

/** A bag with a private key (DER PrivateKeyInfo), encrypted by PBES2 unless there is no password. */
export function keyBag(privateKey: Uint8Array, password?: string, iterations = 1_000): Buffer {
  if (password === undefined) return sequence(oid(names.keyBag), der(0xa0, privateKey))
  // So many nobody derives: whoever opens it must refuse before.
  const key = pbkdf2Sync(password, salt, Math.min(iterations, 1_000), 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const encrypted = Buffer.concat([cipher.update(privateKey), cipher.final()])
  const scheme = sequence(pbkdf2Algorithm(iterations), sequence(oid(names.aes256), octets(iv)))
  const shrouded = sequence(sequence(oid(names.pbes2), scheme), octets(encrypted))
  return sequence(oid(names.shroudedKeyBag), der(0xa0, shrouded))
}

/** A bag with a certificate. */
export function certificateBag(certificate: Uint8Array): Buffer {
  return sequence(oid(names.certificateBag), der(0xa0, sequence(oid(names.x509), der(0xa0, octets(certificate)))))
}

/** A bag with bags, so many levels deep. */
export function nestedBag(levels: number, bag: Uint8Array): Buffer {
  if (levels === 0) return Buffer.from(bag)
  return sequence(oid(names.nestedBag), der(0xa0, sequence(nestedBag(levels - 1, bag))))
}

/** How a file is protected and written. */
export type PfxForm = {
  readonly password: string
  /** Of the MAC. */
  readonly iterations?: number
  /** Whether lengths are left out and octet strings come in parts, as some programs write. */
  readonly ber?: boolean
}

/** A PKCS #12 file with one content that is not encrypted, and PBMAC1 (RFC 9579). */
export function pfxWithPbmac1(bags: readonly Uint8Array[], form: PfxForm): Buffer {
  const { password, iterations = 1_000 } = form
  const key = pbkdf2Sync(password, salt, Math.min(iterations, 1_000), 32, 'sha256')
  const parameters = sequence(pbkdf2Algorithm(iterations), sequence(oid(names.hmacSha256), nothing))
  return pfx(bags, form, (content) => {
    const mac = createHmac('sha256', key).update(content).digest()
    return [sequence(sequence(oid(names.pbmac1), parameters), octets(mac)), octets(Buffer.from('unused')), integer(1)]
  })
}

/** A PKCS #12 file that says of its MAC, which is of the older kind and wrong, that it takes so many iterations. */
export function pfxWithOldMac(bags: readonly Uint8Array[], iterations: number): Buffer {
  const digestInfo = sequence(sequence(oid('2b0e03021a'), nothing), octets(Buffer.alloc(20)))
  return pfx(bags, { password: '' }, () => [digestInfo, octets(salt), integer(iterations)])
}

function pfx(
  bags: readonly Uint8Array[],
  { ber: inBer }: PfxForm,
  macOf: (content: Buffer) => readonly Uint8Array[],
): Buffer {
  const wrap = inBer === true ? ber : der
  const string = (bytes: Uint8Array) =>
    inBer === true ? ber(0x24, octets(bytes.subarray(0, 100)), octets(bytes.subarray(100))) : octets(bytes)
  const content = wrap(0x30, wrap(0x30, oid(names.data), wrap(0xa0, string(sequence(...bags)))))
  const macData = sequence(...macOf(content))
  return wrap(0x30, integer(3), wrap(0x30, oid(names.data), wrap(0xa0, string(content))), macData)
}
