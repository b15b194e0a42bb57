import type { CheckList } from '../reading/index.ts'
import type { BuildAnswer, SettingsAnswer } from './forms.ts'

/** Modes in which AppVeyor runs scripts of a project's settings: `build`, `test`, `deploy`. */
const modes = ['buildMode', 'testMode', 'deployMode'] as const

/**
 * Checks that a project's settings let nothing into a build but its repository: no scripts, no cache, the configuration file in
 * the root under its usual name, and that they are still those with which the build was started.
 */
export function judgeSettings(
  checks: CheckList,
  { settings, project }: SettingsAnswer,
  build: BuildAnswer['build'],
): void {
  const { configuration } = settings
  const lists = Object.entries(configuration).filter(([name, value]) => /Scripts$/.test(name) && isFilled(value))
  const scripted = modes.filter((mode) => configuration[mode] === 'script')
  const running = [...lists.map(([name]) => name), ...scripted]
  checks.add(
    'scripts',
    { scripts: running.join(', ') || 'none' },
    running.length > 0 && {
      code: 'ORIGIN_APPVEYOR_SCRIPTS',
      message: `The settings of the AppVeyor project run scripts (${running.join(', ')}), so that the build does not come from its repository alone. Turn all of them off in the project's settings, keep them in appveyor.yml, and build again.`,
    },
  )

  const cached = configuration.cacheEntries?.length ?? 0
  checks.add(
    'cache',
    { cacheEntries: cached },
    cached > 0 && {
      code: 'ORIGIN_APPVEYOR_CACHE',
      message: `The settings of the AppVeyor project have ${cached} cache entries, so that files of earlier builds can be in this one. Remove them, and build again.`,
    },
  )

  const { ignoreAppveyorYml, customYmlName } = settings
  checks.add(
    'configurationFile',
    { ignoreAppveyorYml, customYmlName },
    (ignoreAppveyorYml || isFilled(customYmlName)) && {
      code: 'ORIGIN_APPVEYOR_CONFIGURATION_FILE',
      message:
        'The AppVeyor project does not take its configuration from appveyor.yml or .appveyor.yml in the root of the repository. Turn «Ignore appveyor.yml» off and leave «Custom configuration .yml file name» empty in its settings, and build again.',
    },
  )

  // A build that waits for a worker may have read its settings already: they must be as old as the build itself.
  const begun = earliest([build.created, build.started])
  const changed = latest([settings.created, settings.updated, project.updated])
  checks.add(
    'settingsUnchanged',
    { changed, buildBegun: begun },
    changed > begun && {
      code: 'ORIGIN_APPVEYOR_SETTINGS_CHANGED',
      message: `The settings of the AppVeyor project were changed at ${changed}, after the build was started (${begun}): nobody can tell with which ones it ran. Start a new build.`,
    },
  )
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) || typeof value === 'string' ? value.length > 0 : value !== null && value !== undefined
}

function latest(moments: readonly (string | null)[]): string {
  return inOrder(moments).at(-1) ?? ''
}

function earliest(moments: readonly (string | null)[]): string {
  return inOrder(moments)[0] ?? ''
}

/** In one form, so that they can be compared as text. AppVeyor writes seven decimals, of which milliseconds remain. */
function inOrder(moments: readonly (string | null)[]): readonly string[] {
  return moments.flatMap((moment) => (moment === null ? [] : new Date(moment).toISOString())).toSorted()
}
