import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findRefusals, refusalsOfDeciders } from '../../scripts/refusals/index.ts'
import { describedApi, operationsById } from '../support/described-operations.ts'

const root = join(import.meta.dirname, '../..')
const found = findRefusals()

/** The codes that the comment before a decider names. */
function documented(path: string, name: string): readonly string[] {
  const text = readFileSync(join(root, path), 'utf8')
  const at = text.search(new RegExp(`^export (?:const|function) ${name}\\b`, 'm'))
  const comment = text.slice(text.lastIndexOf('/**', at), at)
  return [...comment.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = '']) => code).toSorted()
}

describe('the refusals that stand in the source', () => {
  it('are those that the OpenAPI document names', () => {
    const written = JSON.parse(readFileSync(join(root, 'rest/openapi/refusals.json'), 'utf8'))
    expect(written, 'npm run schema writes down what there is now: read the difference').toEqual(found)
  })

  it('are looked for in every operation', () => {
    const ofDocument = ['openApiDocument', 'openApiPage']
    const every = [...operationsById(describedApi()).keys(), ...ofDocument]
    expect(Object.keys(found.operations).toSorted()).toEqual(every.toSorted())
  })

  it.each(refusalsOfDeciders().map((each) => [each.name, each] as const))(
    'are found wherever a decider has them: %s',
    (name, { path, codes }) => {
      expect(codes).toEqual(documented(path, name))
    },
  )

  it('are those of the command alone that an operation gives', () => {
    const { updateProject = [], deactivateProject = [], cancelSigningRequest = [] } = found.operations
    expect(updateProject).toContain('PROJECT_UNCHANGED')
    expect(updateProject.filter((code) => /_(?:ACTIVE|INACTIVE|EXISTS)$/.test(code))).toEqual([])
    expect(deactivateProject).toEqual(['PROJECT_INACTIVE', 'PROJECT_NOT_FOUND', 'TEXT_MALFORMED', 'TEXT_TOO_LONG'])
    expect(cancelSigningRequest).toContain('SIGNING_REQUEST_FINAL')
    expect(cancelSigningRequest).not.toContain('ALREADY_APPROVED')
  })

  it('are followed through ports, and into the names that a use case gives on', () => {
    const {
      importCertificate = [],
      withdrawGlobalRole = [],
      createProject = [],
      uploadArtifact = [],
    } = found.operations
    expect(importCertificate).toContain('CHAIN_ROOT_UNTRUSTED')
    expect(withdrawGlobalRole).toContain('LAST_ADMINISTRATOR')
    expect(createProject).toContain('PROJECT_SLUG_TAKEN')
    expect(uploadArtifact).toContain('UPLOAD_QUOTA_EXCEEDED')
  })
})
