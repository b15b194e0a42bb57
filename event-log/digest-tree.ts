import { hash as digest } from 'node:crypto'

/** A tree over messages: its root, and from each message the way there. Hashes are base64url, 43 characters. */
export type DigestTree = { readonly root: string; readonly paths: readonly string[] }

type Node = { readonly hash: string; readonly members: readonly number[] }

/**
 * Makes a tree of SHA-256 hashes over messages, a Merkle tree: what signs the root signs every message.
 *
 *     leaf = SHA-256(0x00, message)
 *     node = SHA-256(0x01, base64url of the left hash, base64url of the right hash)
 *
 * Leaves and nodes begin differently, so that neither passes for the other (as in RFC 6962 §2.1). A path is the hashes
 * beside, from the leaf on, each behind `L` or `R` for the side on which it stands.
 *
 * @param messages one or more texts, hashed as UTF-8
 */
export function digestTree(messages: readonly string[]): DigestTree {
  const paths: string[] = messages.map(() => '')
  let level: readonly Node[] = messages.map((message, index) => ({ hash: leafHash(message), members: [index] }))
  while (level.length > 1) {
    const above: Node[] = []
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index] as Node, level[index + 1]]
      if (right === undefined) above.push(left)
      else {
        for (const member of left.members) paths[member] += `R${right.hash}`
        for (const member of right.members) paths[member] += `L${left.hash}`
        above.push({ hash: nodeHash(left.hash, right.hash), members: [...left.members, ...right.members] })
      }
    }
    level = above
  }
  return { root: level[0]?.hash ?? '', paths }
}

/** Finds the root of the tree in which a message has this path. */
export type RootFinder = (message: string, path: string) => string

/** The root of the tree in which a message has this path. */
export const rootOf: RootFinder = (message, path) => {
  let hash = leafHash(message)
  for (let at = 0; at < path.length; at += linkLength) hash = hashAbove(hash, path, at)
  return hash
}

/** So many places of trees are remembered at the most: those of sixty of the largest. */
const rememberedPlaces = 4_096

/**
 * Makes a {@link rootOf} for the appends of a whole log. The way from one message to the root has the hashes of half of the tree:
 * who goes the way of every message computes each node of the tree once, and not for each message below it.
 */
export function rememberingRootOf(): RootFinder {
  // By a node's hash and the rest of the path from there, from which the root follows.
  let recent = new Map<string, string>()
  let older = new Map<string, string>()

  function remember(place: string, root: string): void {
    recent.set(place, root)
    if (recent.size < rememberedPlaces / 2) return
    older = recent
    recent = new Map()
  }

  return (message, path) => {
    let hash = leafHash(message)
    if (path === '') return hash
    const places: string[] = []
    let known: string | undefined
    let at = 0
    for (; at < path.length; at += linkLength) {
      const place = hash + path.slice(at)
      known = recent.get(place) ?? older.get(place)
      if (known !== undefined) break
      const beside = `${path.slice(at + 1, at + linkLength)}${path[at] === 'L' ? 'R' : 'L'}${hash}${path.slice(at + linkLength)}`
      places.push(place, beside)
      hash = hashAbove(hash, path, at)
    }
    const root = known ?? hash
    for (const place of places) remember(place, root)
    return root
  }
}

/** A hash and its side. */
const linkLength = 44

function hashAbove(hash: string, path: string, at: number): string {
  const beside = path.slice(at + 1, at + linkLength)
  return path[at] === 'L' ? nodeHash(beside, hash) : nodeHash(hash, beside)
}

/** Whether a value that was read is a path. */
export function isTreePath(value: unknown): value is string {
  return typeof value === 'string' && /^([LR][\w-]{43}){0,32}$/.test(value)
}

// Texts and not bytes: Node makes them in a fraction of the time, and paths hold them.
function leafHash(message: string): string {
  return digest('sha256', `\0${message}`, 'base64url')
}

function nodeHash(left: string, right: string): string {
  return digest('sha256', `\u0001${left}${right}`, 'base64url')
}
