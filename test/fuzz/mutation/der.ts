import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes, randomBytes } from './bytes.ts'

/** An element that can be changed: its children where it has some, else its content. */
interface DerNode {
  tag: number
  children: DerNode[] | undefined
  content: Buffer
  /** How the length is written; `minimal` is DER. */
  length: 'minimal' | 'long' | 'indefinite' | 'short-by-one' | 'long-by-one' | 'huge'
}

/**
 * Changes an encoding as a whole: elements are changed, doubled, left out, exchanged, put in and copied from elsewhere,
 * and the lengths around them are set right, so that what is read fails late, if at all. Some lengths are written wrong.
 * Bytes that are no DER are changed as bytes.
 */
export function mutateDer(encoded: Buffer, random: SeededRandom): Buffer {
  const nodes = parse(encoded)
  if (nodes === undefined) return mutateBytes(encoded, random)
  for (let times = 1 + random.below(3); times > 0 && nodes.length > 0; times--) mutateOne(nodes, random)
  return encode(nodes)
}

function mutateOne(roots: DerNode[], random: SeededRandom): void {
  const all: DerNode[][] = []
  collect(roots, all)
  const lists = all.filter(({ length }) => length > 0)
  // An earlier change may have left out the outermost element.
  if (lists.length === 0) return
  const list = random.oneOf(lists)
  const at = random.below(list.length)
  const node = list[at] as DerNode
  const elsewhere = random.oneOf(random.oneOf(lists))
  switch (random.below(10)) {
    case 0:
      list.splice(at, 1)
      return
    case 1:
      list.splice(at, 0, copyOf(node))
      return
    case 2:
      list.push(...list.splice(at, 1))
      return
    case 3:
      list.splice(random.below(list.length + 1), 0, newNode(random))
      return
    case 4:
      list[at] = copyOf(elsewhere)
      return
    case 5:
      list.splice(at, 0, copyOf(elsewhere))
      return
    case 6:
      node.tag = random.oneOf([node.tag ^ 0x20, node.tag ^ 0x80, 0x02, 0x04, 0x05, 0x30, 0x31, 0xa0, 0xa1, 0x1f])
      return
    case 7:
      node.length = random.oneOf(['long', 'indefinite', 'short-by-one', 'long-by-one', 'huge'])
      return
    default:
      // Content is changed most: that is where names, numbers and digests are.
      if (node.children === undefined) node.content = mutateBytes(node.content, random)
      else node.children.splice(random.below(node.children.length + 1), 0, newNode(random))
  }
}

function newNode(random: SeededRandom): DerNode {
  const content = randomBytes(random.oneOf([0, 1, 8, 40, 200]), random)
  return {
    tag: random.oneOf([0x02, 0x04, 0x05, 0x0c, 0x30, 0x31, 0xa0, 0xa1]),
    children: undefined,
    content,
    length: 'minimal',
  }
}

function copyOf(node: DerNode): DerNode {
  return { ...node, children: node.children?.map(copyOf) }
}

function collect(nodes: DerNode[], lists: DerNode[][]): void {
  lists.push(nodes)
  for (const { children } of nodes) if (children !== undefined) collect(children, lists)
}

/** All bytes as elements one behind the other; `undefined` when they are not that. */
function parse(bytes: Buffer): DerNode[] | undefined {
  const nodes: DerNode[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number
    const first = bytes[at + 1]
    if (first === undefined || first === 0x80 || first > 0x84) return undefined
    const octets = first < 0x80 ? 0 : first & 0x7f
    if (at + 2 + octets > bytes.length) return undefined
    const length = octets === 0 ? first : bytes.readUIntBE(at + 2, octets)
    const start = at + 2 + octets
    if (start + length > bytes.length) return undefined
    const content = bytes.subarray(start, start + length)
    // An OCTET STRING holds an encoding in extensions and time-stamps, else any bytes.
    const holdsElements = (tag & 0x20) !== 0 || (tag === 0x04 && content[0] === 0x30)
    nodes.push({ tag, children: holdsElements ? parse(content) : undefined, content, length: 'minimal' })
    at = start + length
  }
  return nodes
}

function encode(nodes: readonly DerNode[]): Buffer {
  return Buffer.concat(nodes.flatMap(encodeNode))
}

function encodeNode(node: DerNode): Buffer[] {
  const content = node.children === undefined ? node.content : encode(node.children)
  const tag = Buffer.from([node.tag & 0xff])
  switch (node.length) {
    case 'indefinite':
      return [tag, Buffer.from([0x80]), content, Buffer.from([0, 0])]
    case 'long':
      return [tag, longLength(content.length), content]
    case 'huge':
      return [tag, longLength(0xfffffff0), content]
    case 'short-by-one':
      return [tag, minimalLength(Math.max(content.length - 1, 0)), content]
    case 'long-by-one':
      return [tag, minimalLength(content.length + 1), content]
    case 'minimal':
      return [tag, minimalLength(content.length), content]
  }
}

function minimalLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const digits = length.toString(16)
  const octets = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets])
}

function longLength(length: number): Buffer {
  const encoded = Buffer.from([0x84, 0, 0, 0, 0])
  encoded.writeUInt32BE(length, 1)
  return encoded
}
