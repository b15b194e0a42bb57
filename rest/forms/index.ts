export { treeOfFields } from './field-tree.ts'
export { type ReadBody, readBody } from './read-body.ts'
export { readFields } from './read-fields.ts'
