/** How strings of a version resource are named, by what artifact configurations call them. */
const stringNames = {
  'product-name': 'ProductName',
  'product-version': 'ProductVersion',
  'file-version': 'FileVersion',
  'company-name': 'CompanyName',
  copyright: 'LegalCopyright',
  'original-filename': 'OriginalFilename',
} as const

const knownStrings: ReadonlyMap<string, string> = new Map(
  Object.entries(stringNames).map(([name, key]) => [key.toLowerCase(), name]),
)

/** A node of VS_VERSIONINFO ("VERSIONINFO resource" of the Windows API): its key, its value's bytes, and what is in it. */
interface VersionNode {
  readonly key: string
  readonly value: Buffer
  readonly children: Buffer
}

/** Nodes in a node; nobody has more. */
const nodeLimit = 1000
/** Characters of a string that stands in a plan. */
const textLimit = 1000

/**
 * Reads the strings of a version resource. Where its languages say different things, each of them is there, parted by ` | `, so that no
 * restriction holds by what only some people see.
 *
 * @param resource VS_VERSIONINFO
 * @returns what is there, by the names that artifact configurations use; what cannot be read is not there
 */
export function readVersionStrings(resource: Buffer): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const [root] = nodesIn(resource, 1)
  if (root?.key !== 'VS_VERSION_INFO') return found
  const tables = nodesIn(root.children).filter(({ key }) => key === 'StringFileInfo')
  for (const table of tables.flatMap(({ children }) => nodesIn(children)))
    for (const { key, value } of nodesIn(table.children)) {
      const name = knownStrings.get(key.toLowerCase())
      if (name === undefined) continue
      const texts = found.get(name) ?? []
      const text = textOf(value)
      if (!texts.includes(text)) texts.push(text)
      found.set(name, texts)
    }
  return found
}

/** The nodes that stand one behind the other, each at a multiple of 4 bytes; what is no node ends them. */
function nodesIn(bytes: Buffer, limit = nodeLimit): readonly VersionNode[] {
  const nodes: VersionNode[] = []
  for (let at = 0; at + 6 <= bytes.length && nodes.length < limit; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 6 || at + length > bytes.length) break
    const node = readNode(bytes.subarray(at, at + length))
    if (node === undefined) break
    nodes.push(node)
    at = aligned(at + length)
  }
  return nodes
}

function readNode(node: Buffer): VersionNode | undefined {
  const isText = node.readUInt16LE(4) === 1
  const keyEnd = endOfText(node, 6)
  if (keyEnd === undefined) return undefined
  const valueAt = aligned(keyEnd + 2)
  // Of text it is a count of characters, though some compilers write bytes.
  const valueLength = node.readUInt16LE(2) * (isText ? 2 : 1)
  const valueEnd = Math.min(valueAt + valueLength, node.length)
  const value = node.subarray(Math.min(valueAt, node.length), valueEnd)
  return {
    key: node.toString('utf16le', 6, keyEnd),
    value,
    children: node.subarray(Math.min(aligned(valueEnd), node.length)),
  }
}

/** Where the zero stands that ends a text. */
function endOfText(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at + 2 <= bytes.length; at += 2) if (bytes.readUInt16LE(at) === 0) return at
  return undefined
}

function textOf(value: Buffer): string {
  const whole = value.subarray(0, value.length - (value.length % 2))
  const text = whole.toString('utf16le', 0, endOfText(whole, 0) ?? whole.length).toWellFormed()
  return text.trim().slice(0, textLimit).toWellFormed()
}

function aligned(at: number): number {
  return Math.ceil(at / 4) * 4
}
