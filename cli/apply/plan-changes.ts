import type { GroupSummary } from '../documents/groups.ts'
import type { PolicyVersion } from '../documents/policies.ts'
import type { ProjectDetails } from '../documents/projects.ts'
import type { CurrentProject, CurrentState } from './current-state.ts'
import { findProposal } from './find-proposal.ts'
import type { GroupInFile, OrganizationFile, PolicyInFile, ProjectInFile } from './organization-file.ts'
import { planBuildSystems } from './plan-build-systems.ts'
import { noun, type PlannedChange, type Planner } from './planned-change.ts'
import type { References } from './references.ts'
import { asReferences, referencesIn, type Settings, settingDifferences } from './settings.ts'

/** What makes an organization as a file says, in the order in which it has to happen, and what a person should look at. */
export type Plan = { readonly changes: readonly PlannedChange[]; readonly warnings: readonly string[] }

/**
 * Compares a file with what there is.
 *
 * @param prune whether what the file does not name is put out of use
 */
export function planChanges(
  file: OrganizationFile,
  current: CurrentState,
  references: References,
  prune: boolean,
): Plan {
  const changes: PlannedChange[] = []
  const warnings: string[] = []
  const plan: Planner = (action, kind, name, draft) => {
    const planned = { action, kind, name, id: null, revision: null, settings: {}, differences: [], needs: [], ...draft }
    changes.push({ ...planned, proposedAs: findProposal(planned, current) })
  }

  function planGroup(inFile: GroupInFile, at: string): void {
    const { name, description } = inFile
    const members = inFile.members?.map((each, index) => references.user(each, `${at}.members[${index}]`))
    const id = references.group(name, at).slice('group:'.length)
    const group = current.groups.find(({ groupId }) => groupId === id)
    if (group === undefined) {
      const settings = { name, description, members: members ?? [] }
      plan('create', 'group', name, { settings, differences: settingDifferences(null, settings) })
      return
    }
    const settings = { name, description }
    const differences = settingDifferences({ name: group.name, description: group.description }, settings)
    const { groupId, revision } = group
    if (differences.length > 0) plan('update', 'group', name, { id: groupId, revision, settings, differences })
    if (members !== undefined) planMembers(group, members)
  }

  function planMembers({ groupId, name, revision }: GroupSummary, members: readonly string[]): void {
    const present = (current.members.get(groupId) ?? []).map((userId) => `user:${userId}`)
    const differences = settingDifferences({ members: present }, { members })
    if (differences.length === 0) return
    const added = members.filter((member) => !present.includes(member))
    const removed = present.filter((member) => !members.includes(member))
    plan('changeMembers', 'group', name, {
      id: groupId,
      revision,
      settings: { added, removed },
      differences,
    })
  }

  function planProject(inFile: ProjectInFile, at: string): void {
    const { slug, policies } = inFile
    const settings = projectInFile(inFile, at)
    const needs = referencesIn(settings).filter(isNew)
    const project = current.projects.find((each) => each.slug === slug)
    const differences = settingDifferences(project === undefined ? null : projectSettings(project), settings)
    if (project === undefined) plan('create', 'project', slug, { settings: { slug, ...settings }, differences, needs })
    else if (differences.length > 0)
      plan('update', 'project', slug, { ...placeOf(project.projectId, project), settings, differences, needs })
    planUse(
      'project',
      slug,
      inFile.active,
      project && { ...placeOf(project.projectId, project), status: project.status },
    )
    for (const [index, policy] of (policies ?? []).entries())
      planPolicy(policy, inFile, project, `${at}.policies[${index}]`)
    if (!prune || policies === undefined) return
    for (const policy of project?.policies ?? [])
      if (policies.every((each) => each.slug !== policy.slug) && policy.status !== 'inactive')
        plan('deactivate', 'signingPolicy', `${slug}/${policy.slug}`, placeOf(policy.signingPolicyId, policy))
  }

  function projectInFile({ name, description, repositoryUrl, readers, configurators }: ProjectInFile, at: string) {
    return {
      name,
      description,
      repositoryUrl,
      readers: references.principals(readers, `${at}.readers`),
      configurators: references.principals(configurators, `${at}.configurators`),
    }
  }

  function planPolicy(
    inFile: PolicyInFile,
    { slug: projectSlug }: ProjectInFile,
    project: CurrentProject | undefined,
    at: string,
  ): void {
    const name = `${projectSlug}/${inFile.slug}`
    const settings = policyInFile(inFile, at)
    const policy = project?.policies.find((each) => each.slug === inFile.slug)
    const differences = settingDifferences(policy === undefined ? null : policySettings(policy.current), settings)
    const needs = [
      ...(project === undefined ? [`project:${projectSlug}`] : []),
      ...referencesIn(settings).filter(isNew),
    ]
    if (policy === undefined) plan('create', 'signingPolicy', name, { settings, differences, needs })
    else if (differences.length > 0)
      plan('update', 'signingPolicy', name, {
        ...placeOf(policy.signingPolicyId, policy),
        settings,
        differences,
        needs,
      })
    planUse(
      'signingPolicy',
      name,
      inFile.active,
      policy && { ...placeOf(policy.signingPolicyId, policy), status: policy.status },
    )
  }

  function policyInFile({ slug: _, active: __, certificate, ...inFile }: PolicyInFile, at: string): Settings {
    const { submitters, approval } = inFile
    return {
      ...inFile,
      certificateId: references.certificate(certificate, `${at}.certificate`),
      submitters: references.principals(submitters, `${at}.submitters`),
      approval: approval && {
        ...approval,
        approvers: references.principals(approval.approvers, `${at}.approval.approvers`),
      },
    }
  }

  /** Puts something into use or out of it, if the file says so. */
  function planUse(
    kind: 'project' | 'signingPolicy',
    name: string,
    wanted: boolean | undefined,
    place: { readonly id: string; readonly revision: number; readonly status: string } | undefined,
  ): void {
    const isActive = place === undefined || place.status !== 'inactive'
    if (wanted === undefined && !isActive)
      warnings.push(
        `${noun(kind)} ${name} is out of use and stays so; "active: true" in the file puts it into use again.`,
      )
    if (wanted === undefined || wanted === isActive) return
    const needs = place === undefined ? [`${kind}:${name}`] : []
    const { id = null, revision = null } = place ?? {}
    plan(wanted ? 'reactivate' : 'deactivate', kind, name, { id, revision, needs })
  }

  const isNew = (reference: string) => file.groups?.some((each) => reference === `group:${each.name}`) ?? false
  for (const [at, group] of (file.groups ?? []).entries()) planGroup(group, `groups[${at}]`)
  const buildSystems = planBuildSystems({ file, current, references, prune, plan, warnings })
  buildSystems.themselves()
  for (const [at, project] of (file.projects ?? []).entries()) planProject(project, `projects[${at}]`)
  buildSystems.links()
  if (prune && file.projects !== undefined)
    for (const project of current.projects)
      if (file.projects.every(({ slug }) => slug !== project.slug) && project.status !== 'inactive')
        plan('deactivate', 'project', project.slug, placeOf(project.projectId, project))
  return { changes, warnings }
}

function placeOf(id: string, { revision }: { readonly revision: number }) {
  return { id, revision }
}

function projectSettings({ name, description, repositoryUrl, readers, configurators }: ProjectDetails): Settings {
  return {
    name,
    description,
    repositoryUrl,
    readers: asReferences(readers),
    configurators: asReferences(configurators),
  }
}

function policySettings({ certificate, submitters, approval, ...version }: PolicyVersion): Settings {
  return {
    ...version,
    certificateId: certificate?.certificateId ?? null,
    submitters: asReferences(submitters),
    approval: approval && { ...approval, approvers: asReferences(approval.approvers) },
  }
}
