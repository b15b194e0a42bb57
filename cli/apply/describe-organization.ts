import type { NamedPrincipal } from '../documents/request-fields.ts'
import type { CurrentProject, CurrentState } from './current-state.ts'
import type {
  BuildSystemInFile,
  LinkInFile,
  OrganizationFile,
  PrincipalInFile,
  ProjectInFile,
} from './organization-file.ts'

/**
 * An organization as a file that changes nothing when it is applied: by names, and by ids where several have a name, or nobody
 * answers to it any more.
 */
export function describeOrganization({
  users,
  groups,
  members,
  certificates,
  buildSystems,
  projects,
}: CurrentState): OrganizationFile {
  const active = users.filter(({ status }) => status === 'active')
  const handle = unique([...active.map(({ userId, name }) => [userId, name] as const)])
  const groupHandle = unique(groups.map(({ groupId, name }) => [groupId, name] as const))
  const certificateHandle = unique(certificates.map(({ certificateId, name }) => [certificateId, name] as const))
  const principals = (named: readonly NamedPrincipal[]): PrincipalInFile[] =>
    named.flatMap(({ user, group }): PrincipalInFile[] => {
      if (user !== null) return [{ user: handle(user.userId) }]
      return group === null ? [] : [{ group: groupHandle(group.groupId) }]
    })

  function describeProject({ slug, policies, status, ...project }: CurrentProject): ProjectInFile {
    const { name, description, repositoryUrl, readers, configurators } = project
    return {
      slug,
      name,
      description,
      repositoryUrl,
      readers: principals(readers),
      configurators: principals(configurators),
      ...(status === 'inactive' ? { active: false } : {}),
      trustedBuildSystems: project.trustedBuildSystemLinks.flatMap(linkInFile),
      policies: policies.map(({ current, ...policy }) => {
        const { version: _, madeAt: __, madeBy: ___, certificate, submitters, approval, ...settings } = current
        return {
          slug: policy.slug,
          ...settings,
          certificate: certificate === null ? '' : certificateHandle(certificate.certificateId),
          submitters: principals(submitters),
          approval: approval && { ...approval, approvers: principals(approval.approvers) },
          existingSignatures: [...settings.existingSignatures],
          originVerification: settings.originVerification && {
            allowedBranches: [...settings.originVerification.allowedBranches],
            sourceSummary: settings.originVerification.sourceSummary && {
              ...settings.originVerification.sourceSummary,
              verifiers: settings.originVerification.sourceSummary.verifiers.map(({ id, publicKeys }) => {
                return { id, publicKeys: [...publicKeys] }
              }),
            },
          },
          ...(policy.status === 'inactive' ? { active: false } : {}),
        }
      }),
    }
  }

  return {
    version: 1,
    // A group is found by its name: of several that have the same, a file can speak of none.
    groups: groups
      .filter(({ groupId, name }) => groupHandle(groupId) === name)
      .map(({ groupId, name, description }) => ({
        name,
        description,
        members: (members.get(groupId) ?? []).map((id) => handle(id)),
      })),
    trustedBuildSystems: buildSystems.map(({ slug, name, description, kind, status }) => ({
      slug,
      name,
      description,
      kind: kind as BuildSystemInFile['kind'],
      ...(status === 'enabled' ? {} : { active: false }),
    })),
    projects: projects.map(describeProject),
  }
}

/** What names each thing alone: its name if nothing else has it, else its id. */
function unique(named: readonly (readonly [id: string, name: string])[]): (id: string) => string {
  const counts = new Map<string, number>()
  for (const [, name] of named) counts.set(name, (counts.get(name) ?? 0) + 1)
  const names = new Map(named)
  return (id) => {
    const name = names.get(id)
    return name !== undefined && counts.get(name) === 1 ? name : id
  }
}

/** A link by its slug alone, where it says nothing; its secrets are shown to nobody. */
function linkInFile({ trustedBuildSystem, settings }: CurrentProject['trustedBuildSystemLinks'][number]): LinkInFile[] {
  if (trustedBuildSystem === null) return []
  const { slug: buildSystem } = trustedBuildSystem
  return [Object.keys(settings).length === 0 ? buildSystem : { buildSystem, settings, secretFiles: {} }]
}
