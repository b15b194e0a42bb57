import { hash as digest } from 'node:crypto'
import { recentMap } from './recent-map.ts'

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

/** Half of how many places of trees are remembered at the most: those of thirty of the largest trees. */
const rememberedPlaces = 2_048

/** A node of a tree that was gone up: what stands beside it, as paths say it, and the node above; the root has none. */
type Place = { readonly beside: string; readonly above: Place | undefined; readonly root: string }

/**
 * Makes a {@link rootOf} for the appends of a whole log. The way from one message to the root has the hashes of half of the tree:
 * who goes the way of every message computes each node of the tree once, and not for each message below it. From a node that is
 * known the rest of a path must be that which led from there to the root, to the letter.
 */
export function rememberingRootOf(): RootFinder {
  const known = recentMap<Place>(rememberedPlaces)

  return (message, path) => {
    let hash = leafHash(message)
    if (path === '') return hash
    const passed: string[] = []
    let at = 0
    let place: Place | undefined
    for (; ; at += linkLength) {
      place = known.get(hash)
      if (place !== undefined && isWayFrom(place, path, at)) break
      place = undefined
      if (at >= path.length) break
      passed.push(hash)
      hash = hashAbove(hash, path, at)
    }
    let above = place ?? { beside: '', above: undefined, root: hash }
    const { root } = above
    for (let own = passed.pop(); own !== undefined; own = passed.pop()) {
      at -= linkLength
      const beside = path.slice(at, at + linkLength)
      const other = { beside: `${path[at] === 'L' ? 'R' : 'L'}${own}`, above, root }
      known.set(beside.slice(1), other)
      above = { beside, above, root }
      known.set(own, above)
    }
    return root
  }
}

function isWayFrom(place: Place, path: string, from: number): boolean {
  let at = from
  for (let node = place; node.above !== undefined; node = node.above) {
    if (!path.startsWith(node.beside, at)) return false
    at += linkLength
  }
  return at === path.length
}

/** A hash and its side. */
const linkLength = 44

function hashAbove(hash: string, path: string, at: number): string {
  const beside = path.slice(at + 1, at + linkLength)
  return path[at] === 'L' ? nodeHash(beside, hash) : nodeHash(hash, beside)
}

/** So many links a path has at the most. */
const maximumLinks = 32

/** Whether a value that was read is a path. */
export function isTreePath(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]*$/.test(value) && isPathOfLinks(value)
}

/** Whether a text of letters of base64url is a path. */
export function isPathOfLinks(text: string): boolean {
  if (text.length % linkLength !== 0 || text.length > maximumLinks * linkLength) return false
  for (let at = 0; at < text.length; at += linkLength) if (text[at] !== 'L' && text[at] !== 'R') return false
  return true
}

// Texts and not bytes: Node makes them in a fraction of the time, and paths hold them.
function leafHash(message: string): string {
  return digest('sha256', `\0${message}`, 'base64url')
}

function nodeHash(left: string, right: string): string {
  return digest('sha256', `\u0001${left}${right}`, 'base64url')
}
