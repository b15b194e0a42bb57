import type { SeededRandom } from '../../support/seeded-random.ts'
import { randomBytes } from './bytes.ts'

/** A frame as it is written (RFC 6455 §5.2), not necessarily as it should be. */
export interface WebSocketFrame {
  /** FIN and the three reserved bits. */
  flags: number
  opcode: number
  payload: Buffer
  masked: boolean
  /** What the header says of the payload's length. */
  length: number
}

/** A frame of a text message, as a client should send it. */
export function textFrame(text: Buffer): WebSocketFrame {
  return { flags: 0x80, opcode: 1, payload: text, masked: true, length: text.length }
}

/** Changes frames as a sequence, or one of them: kinds, flags, lengths, masks, messages in pieces, control in between. */
export function mutateFrames(frames: WebSocketFrame[], random: SeededRandom): void {
  const at = random.below(frames.length)
  const frame = frames[at]
  if (frame === undefined) return
  switch (random.below(10)) {
    case 0:
      frame.opcode = random.below(16)
      return
    case 1:
      frame.flags ^= 0x80 >> random.below(4)
      return
    case 2:
      frame.masked = false
      return
    case 3:
      frame.length = random.oneOf([0, 125, 126, 65_535, 65_536, 262_144, 262_145, 2 ** 32, 2 ** 53, frame.length + 1])
      return
    case 4: {
      const cut = random.below(frame.payload.length + 1)
      const rest = frame.payload.subarray(cut)
      frames.splice(at + 1, 0, { flags: frame.flags, opcode: 0, payload: rest, masked: true, length: rest.length })
      frames[at] = { ...frame, flags: 0, payload: frame.payload.subarray(0, cut), length: cut }
      return
    }
    case 5:
    case 6: {
      const payload = randomBytes(random.oneOf([0, 1, 2, 4, 125, 126, 200]), random)
      const opcode = random.oneOf([8, 9, 10])
      frames.splice(at, 0, { flags: 0x80, opcode, payload, masked: true, length: payload.length })
      return
    }
    case 7:
      frames.splice(at, 1)
      return
    case 8:
      frames.push({ ...frame })
      return
    default:
      frames.splice(random.below(frames.length + 1), 0, ...frames.splice(at, 1))
  }
}

/** Writes a frame down. */
export function writeFrame({ flags, opcode, payload, masked, length }: WebSocketFrame, random: SeededRandom): Buffer {
  const mask = masked ? randomBytes(4, random) : undefined
  const extended = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8)
  if (extended.length === 2) extended.writeUInt16BE(length)
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length))
  const short = length < 126 ? length : length < 65_536 ? 126 : 127
  const head = Buffer.from([(flags & 0xf0) | (opcode & 0x0f), (masked ? 0x80 : 0) | short])
  const body = mask === undefined ? payload : payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  return Buffer.concat([head, extended, mask ?? Buffer.alloc(0), body])
}

/** The frames that a server wrote: kind and payload of each, as far as they are whole. */
export function readFrames(bytes: Buffer): readonly { readonly opcode: number; readonly payload: Buffer }[] {
  const frames: { opcode: number; payload: Buffer }[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = (bytes[at + 1] ?? 0) & 0x7f
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0
    if (at + 2 + extra > bytes.length) break
    const length =
      extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    const start = at + 2 + extra
    if (start + length > bytes.length) break
    frames.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: bytes.subarray(start, start + length) })
    at = start + length
  }
  return frames
}
