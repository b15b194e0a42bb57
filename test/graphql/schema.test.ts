import { readFileSync } from 'node:fs'
import { isNonNullType, isObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { printedSchema } from '../../graphql/index.ts'
import { createSchema } from '../../graphql/schema.ts'

describe('the schema', () => {
  it('is the one that stands printed in the repository (else: npm run schema)', () => {
    const printed = readFileSync(new URL('../../graphql/schema.graphql', import.meta.url), 'utf8')
    expect(printed).toBe(printedSchema())
  })

  it('lets every root query field wait for a position', () => {
    const fields = Object.values(createSchema().getQueryType()?.getFields() ?? {})
    const without = fields.filter(({ args }) => !args.some(({ name }) => name === 'minimumPosition'))
    expect(fields.length).toBeGreaterThan(10)
    expect(without.map(({ name }) => name)).toEqual([])
  })

  it('answers every mutation with a position', () => {
    const fields = Object.values(createSchema().getMutationType()?.getFields() ?? {})
    for (const { name, type } of fields) {
      const payload = isNonNullType(type) ? type.ofType : type
      expect(isObjectType(payload) && 'position' in payload.getFields(), name).toBe(true)
    }
  })

  it('has no field that could show the hash of a token', () => {
    const types = Object.values(createSchema().getTypeMap()).filter(isObjectType)
    const names = types.flatMap((type) => Object.keys(type.getFields()))
    expect(names.length).toBeGreaterThan(100)
    // Of what is signed, which is no secret.
    const signed = ['hashAlgorithm', 'hashSigningAllowed', 'signHashes']
    expect(names.filter((name) => /hash/i.test(name) && !signed.includes(name))).toEqual([])
  })
})
