import type { BuildSystemSummary } from '../documents/trusted-build-systems.ts'
import type { CurrentProject, CurrentState } from './current-state.ts'
import type { BuildSystemInFile, LinkInFile, OrganizationFile, ProjectInFile } from './organization-file.ts'
import type { Planner } from './planned-change.ts'
import type { References } from './references.ts'
import { linkDifferences, settingDifferences } from './settings.ts'

/** What planning is given. */
type Planning = {
  readonly file: OrganizationFile
  readonly current: CurrentState
  readonly references: References
  readonly prune: boolean
  readonly plan: Planner
  readonly warnings: string[]
}

/** A link with what it says. */
type LinkOfFile = Exclude<LinkInFile, string>

/**
 * Plans trusted build systems and their links to projects, each when it is called: links need the build systems and the
 * projects.
 */
export function planBuildSystems({ file, current, references, prune, plan, warnings }: Planning) {
  const { trustedBuildSystems: wanted, projects = [] } = file
  const present = (slug: string) => current.buildSystems.find((each) => each.slug === slug)

  function planOne({ slug, name, description, kind, active }: BuildSystemInFile, at: string): void {
    const system = present(slug)
    const settings = { name, description }
    if (system === undefined) {
      const whole = { ...settings, kind }
      plan('create', 'trustedBuildSystem', slug, { settings: whole, differences: settingDifferences(null, whole) })
      if (active === false) plan('deactivate', 'trustedBuildSystem', slug, { needs: [`trustedBuildSystem:${slug}`] })
      return
    }
    if (system.kind !== kind)
      references.fault(`${at}.kind`, `the build system ${slug} is ${system.kind}, and that is for good`)
    const place = { id: system.trustedBuildSystemId, revision: system.revision }
    const differences = settingDifferences({ name: system.name, description: system.description }, settings)
    if (differences.length > 0) plan('update', 'trustedBuildSystem', slug, { ...place, settings, differences })
    const isActive = system.status === 'enabled'
    if (active === undefined && !isActive)
      warnings.push(
        `trusted build system ${slug} is disabled and stays so; "active: true" in the file enables it again.`,
      )
    if (active !== undefined && active !== isActive)
      plan(active ? 'reactivate' : 'deactivate', 'trustedBuildSystem', slug, place)
  }

  function planLinks({ slug: project, trustedBuildSystems: links }: ProjectInFile, at: string): void {
    if (links === undefined) return
    const existing = current.projects.find(({ slug }) => slug === project)
    const linked = existing?.trustedBuildSystems.map(({ slug }) => slug) ?? []
    for (const [index, link] of links.entries()) {
      const slug = slugOf(link)
      const system = present(slug)
      if (linked.includes(slug)) {
        if (typeof link !== 'string') planChange(link, system, existing)
        continue
      }
      const isNew = system === undefined && wanted?.some((each) => each.slug === slug) === true
      if (system === undefined && !isNew)
        references.fault(`${at}[${index}]`, `there is no trusted build system ${slug}`)
      plan('link', 'trustedBuildSystem', slug, {
        id: system?.trustedBuildSystemId ?? null,
        revision: system?.revision ?? null,
        settings: { project, projectId: existing?.projectId ?? null, ...saidBy(link) },
        needs: [`project:${project}`, `trustedBuildSystem:${slug}`],
      })
    }
    for (const slug of linked.filter((each) => links.every((link) => slugOf(link) !== each))) {
      const system = present(slug)
      if (!prune)
        warnings.push(`trusted build system ${slug} vouches for project ${project}, which the file does not say.`)
      else if (system !== undefined)
        plan('unlink', 'trustedBuildSystem', slug, {
          id: system.trustedBuildSystemId,
          revision: system.revision,
          settings: { project, projectId: existing?.projectId ?? null },
        })
    }
  }

  /** Settings are to be as the file says. Secrets are given that the link does not have; with other settings all, since an address may be another. */
  function planChange(link: LinkOfFile, system: BuildSystemSummary | undefined, project: CurrentProject | undefined) {
    const now = project?.trustedBuildSystemLinks.find((each) => each.trustedBuildSystem?.slug === link.buildSystem)
    if (system === undefined || project === undefined || now === undefined) return
    const lacking = Object.entries(link.secretFiles).filter(([name]) => now.secrets.every((each) => each.name !== name))
    const changed = linkDifferences(now.settings, link.settings)
    const differences = [
      ...changed,
      ...lacking.map(([name, file]) => ({ path: `secrets.${name}`, before: null, after: `from ${file}` })),
    ]
    if (differences.length === 0) return
    const secretFiles = changed.length > 0 ? link.secretFiles : Object.fromEntries(lacking)
    const said = { linkSettings: link.settings, secretFiles }
    plan('changeLink', 'trustedBuildSystem', link.buildSystem, {
      id: system.trustedBuildSystemId,
      revision: system.revision,
      settings: { project: project.slug, projectId: project.projectId, ...said },
      differences,
    })
  }

  return {
    themselves() {
      for (const [at, each] of (wanted ?? []).entries()) planOne(each, `trustedBuildSystems[${at}]`)
      if (!prune || wanted === undefined) return
      for (const { slug, status, trustedBuildSystemId: id, revision } of current.buildSystems)
        if (wanted.every((each) => each.slug !== slug) && status === 'enabled')
          plan('deactivate', 'trustedBuildSystem', slug, { id, revision })
    },
    links() {
      for (const [at, each] of projects.entries()) planLinks(each, `projects[${at}].trustedBuildSystems`)
    },
  }
}

function slugOf(link: LinkInFile): string {
  return typeof link === 'string' ? link : link.buildSystem
}

/** What a new link is to say. */
function saidBy(link: LinkInFile) {
  if (typeof link === 'string') return { linkSettings: {}, secretFiles: {} }
  return { linkSettings: link.settings, secretFiles: link.secretFiles }
}
