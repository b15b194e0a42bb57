import { describe, expect, it } from 'vitest'
import {
  dependsOnRelation,
  type GlobalRole,
  type GroupId,
  globalRoles,
  hasPermission,
  type Permission,
  permissionNames,
  permissionRule,
  type Relation,
  relations,
  relationsToPolicy,
  relationsToRequest,
  requirePermission,
  type UserId,
} from '../../domain/index.ts'
import { refusalOf } from '../support/decider-spec.ts'
import { fixedUuid, people, references } from '../support/submission.ts'

const { submitter, anna, stranger } = people
const nobodySpecial = { roles: [] }

/** Which single roles have a permission by themselves. */
function rolesWith(permission: Permission): readonly GlobalRole[] {
  return globalRoles.filter((role) => hasPermission({ roles: [role] }, permission))
}

/** What somebody without a role must be to have a permission. */
function relationsWith(permission: Permission): readonly Relation[] {
  return relations.filter((relation) => hasPermission(nobodySpecial, permission, [relation]))
}

describe('the table of permissions', () => {
  it('gives what decides about a signature to nobody for a role, whatever they administer', () => {
    for (const permission of ['submitSigningRequest', 'decideSigningRequest', 'giveGrant'] as const) {
      expect(rolesWith(permission)).toEqual([])
      expect(hasPermission({ roles: globalRoles }, permission)).toBe(false)
    }
    expect(relationsWith('submitSigningRequest')).toEqual(['submitter'])
    expect(relationsWith('decideSigningRequest')).toEqual(['approver'])
    expect(relationsWith('giveGrant')).toEqual(['approver'])
  })

  it('gives everything else that not everybody has to Global Administrators', () => {
    for (const permission of permissionNames)
      if (
        !permissionRule(permission).everyUser &&
        !/^(?:(?:submit|decide)SigningRequest|giveGrant|uploadUnsignedArtifact)$/.test(permission)
      )
        expect(rolesWith(permission), permission).toContain('globalAdministrator')
  })

  it('gives Global Readers nothing by which they change something', () => {
    const ofReaders = permissionNames.filter(
      (permission) => !permissionRule(permission).everyUser && rolesWith(permission).includes('globalReader'),
    )
    for (const permission of ofReaders) expect(permission).toMatch(/^read[A-Z]/)
  })

  it('gives each administrator their own part only', () => {
    const administering = permissionNames.filter((permission) => permission.startsWith('administer'))
    expect(Object.fromEntries(administering.map((permission) => [permission, rolesWith(permission)]))).toEqual({
      administerUsers: ['globalAdministrator', 'userAdministrator'],
      administerArtifactConfigurations: ['globalAdministrator', 'projectAdministrator'],
      administerTrustedBuildSystems: ['globalAdministrator'],
      administerWebHooks: ['globalAdministrator', 'projectAdministrator'],
      administerOrganizationWebHooks: ['globalAdministrator'],
      administerAdministrators: ['globalAdministrator'],
      administerChangeControl: ['globalAdministrator'],
      administerTokens: ['globalAdministrator', 'userAdministrator'],
      administerProjects: ['globalAdministrator', 'projectAdministrator'],
      administerCertificates: ['globalAdministrator', 'certificateAdministrator'],
    })
  })

  it('gives a permission that depends on what is asked for to whom it may concern', () => {
    expect(dependsOnRelation(nobodySpecial, 'cancelSigningRequest')).toBe(true)
    expect(dependsOnRelation({ roles: ['projectAdministrator'] }, 'cancelSigningRequest')).toBe(false)
    expect(dependsOnRelation(nobodySpecial, 'administerUsers')).toBe(false)
    expect(dependsOnRelation(nobodySpecial, 'readOrganization')).toBe(false)
  })

  it('says whom a permission needs when it refuses', () => {
    const refusal = refusalOf(() => requirePermission(nobodySpecial, 'cancelSigningRequest'))
    expect(refusal.code).toBe('FORBIDDEN')
    expect(refusal.message).toBe(
      'You may not cancel the signing request. That needs the role globalAdministrator, the role projectAdministrator or to have submitted the request.',
    )
    expect(refusal.details).toEqual({
      permission: 'cancelSigningRequest',
      roles: ['globalAdministrator', 'projectAdministrator'],
      relations: ['requester'],
    })
    expect(() => requirePermission(nobodySpecial, 'cancelSigningRequest', ['requester'])).not.toThrow()
  })
})

describe('what somebody is', () => {
  const [group, other] = [fixedUuid<GroupId>('d'), fixedUuid<GroupId>('e')]
  const policy = { submitters: references(submitter), approval: { approvers: references(anna) } }
  const who = (userId: UserId, ...groups: GroupId[]) => ({ userId, groups })

  it('to a policy is what it names them as', () => {
    expect(relationsToPolicy(who(submitter), policy)).toEqual(['submitter'])
    expect(relationsToPolicy(who(anna), policy)).toEqual(['approver'])
    expect(relationsToPolicy(who(stranger), policy)).toEqual([])
    expect(relationsToPolicy(who(anna), { ...policy, approval: null })).toEqual([])
    expect(relationsToPolicy(who(anna), { ...policy, submitters: references(anna) })).toEqual(['submitter', 'approver'])
  })

  it('to a policy is what it names their groups as, and those of others not', () => {
    const ofGroups = { submitters: [{ group }], approval: { approvers: [{ group: other }] } }
    expect(relationsToPolicy(who(stranger, group), ofGroups)).toEqual(['submitter'])
    expect(relationsToPolicy(who(stranger, other), ofGroups)).toEqual(['approver'])
    expect(relationsToPolicy(who(stranger), ofGroups)).toEqual([])
  })

  it('to a request is its submitter, or whom its own version asks', () => {
    const request = { submitter, approval: { approvers: references(anna) } }
    expect(relationsToRequest(who(submitter), request)).toEqual(['requester'])
    expect(relationsToRequest(who(anna), request)).toEqual(['approver'])
    expect(relationsToRequest(who(stranger), request)).toEqual([])
  })
})
