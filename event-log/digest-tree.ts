import { hash as digest } from 'node:crypto'

/** One step from a leaf to the root: the hash beside, base64, behind the side on which it stands. */
export type TreeStep = `left ${string}` | `right ${string}`

/** A tree over messages: its root, and from each message the way there. */
export type DigestTree = { readonly root: Buffer; readonly paths: readonly (readonly TreeStep[])[] }

const leafMark = Buffer.from([0])
const nodeMark = Buffer.from([1])

/**
 * Makes a tree of SHA-256 hashes over messages (a Merkle tree, hashed as RFC 6962 §2.1 does: leaves with 0x00 before the
 * message, nodes with 0x01 before the two hashes). What signs the root signs every message.
 *
 * @param messages one or more
 */
export function digestTree(messages: readonly Uint8Array[]): DigestTree {
  const paths: TreeStep[][] = messages.map(() => [])
  let level = messages.map((message, index) => ({ hash: leafHash(message), members: [index] }))
  while (level.length > 1) {
    const above: typeof level = []
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = level.slice(index, index + 2) as [(typeof level)[0], (typeof level)[0] | undefined]
      if (right === undefined) above.push(left)
      else {
        for (const member of left.members) paths[member]?.push(`right ${right.hash.toString('base64')}`)
        for (const member of right.members) paths[member]?.push(`left ${left.hash.toString('base64')}`)
        above.push({ hash: nodeHash(left.hash, right.hash), members: [...left.members, ...right.members] })
      }
    }
    level = above
  }
  return { root: level[0]?.hash ?? Buffer.alloc(0), paths }
}

/** The root of the tree in which a message has this path. */
export function rootOf(message: Uint8Array, path: readonly TreeStep[]): Buffer {
  let hash = leafHash(message)
  for (const step of path) {
    const [side, beside = ''] = step.split(' ')
    const other = Buffer.from(beside, 'base64')
    hash = side === 'left' ? nodeHash(other, hash) : nodeHash(hash, other)
  }
  return hash
}

/** Whether a value that was read is a path. */
export function isTreePath(value: unknown): value is readonly TreeStep[] {
  return (
    Array.isArray(value) && value.length <= 32 && value.every((step) => /^(left|right) [\w+/]{43}=$/.test(String(step)))
  )
}

function leafHash(message: Uint8Array): Buffer {
  return digest('sha256', Buffer.concat([leafMark, message]), 'buffer')
}

function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return digest('sha256', Buffer.concat([nodeMark, left, right]), 'buffer')
}
