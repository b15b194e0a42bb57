import { GraphQLError, Kind, type ValueNode } from 'graphql'
import { isLogPosition } from '../application/index.ts'
import { builder } from './builder.ts'

const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/

builder.scalarType('DateTime', {
  description: 'A moment in ISO 8601 form with a time zone, such as `2026-01-31T12:00:00.000Z`. Answers are in UTC.',
  serialize: (value) => value,
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(textOf(node)),
})

builder.scalarType('LogPosition', {
  description: 'A place in the log. Opaque, but ordered as text. Positions of different installations do not compare.',
  serialize: (value) => value,
  parseValue: parseLogPosition,
  parseLiteral: (node) => parseLogPosition(textOf(node)),
})

builder.scalarType('ByteCount', {
  description: 'A number of bytes: a whole number up to 2⁵³ − 1.',
  serialize: (value) => value,
  parseValue: parseByteCount,
  parseLiteral: (node) => parseByteCount(node.kind === Kind.INT ? Number(node.value) : undefined),
})

builder.scalarType('JSON', {
  description: 'A JSON value.',
  serialize: (value) => value,
})

function parseByteCount(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new GraphQLError('A ByteCount is a whole number from 0 to 9007199254740991.')
  return value
}

function textOf(node: ValueNode): unknown {
  return node.kind === Kind.STRING ? node.value : undefined
}

function parseDateTime(value: unknown): string {
  const time = typeof value === 'string' && instantPattern.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time))
    throw new GraphQLError('A DateTime is ISO 8601 text with a time zone, such as "2026-01-31T12:00:00.000Z".')
  return new Date(time).toISOString()
}

function parseLogPosition(value: unknown): string {
  if (!isLogPosition(value)) throw new GraphQLError('A LogPosition is text that this service gave out before.')
  return value
}
