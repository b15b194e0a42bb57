import type { CurrentState } from './current-state.ts'
import type { BuildSystemInFile, OrganizationFile, ProjectInFile } from './organization-file.ts'
import type { Planner } from './planned-change.ts'
import type { References } from './references.ts'
import { settingDifferences } from './settings.ts'

/** What planning is given. */
type Planning = {
  readonly file: OrganizationFile
  readonly current: CurrentState
  readonly references: References
  readonly prune: boolean
  readonly plan: Planner
  readonly warnings: string[]
}

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
    for (const [index, slug] of links.entries()) {
      if (linked.includes(slug)) continue
      const system = present(slug)
      const isNew = system === undefined && wanted?.some((each) => each.slug === slug) === true
      if (system === undefined && !isNew)
        references.fault(`${at}[${index}]`, `there is no trusted build system ${slug}`)
      plan('link', 'trustedBuildSystem', slug, {
        id: system?.trustedBuildSystemId ?? null,
        revision: system?.revision ?? null,
        settings: { project, projectId: existing?.projectId ?? null },
        needs: [`project:${project}`, `trustedBuildSystem:${slug}`],
      })
    }
    for (const slug of linked.filter((each) => !links.includes(each))) {
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
