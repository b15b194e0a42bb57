import type { Connector } from '../connector.ts'
import { type TeamCityBuild, type TeamCitySettings, teamCityBuild, teamCitySettings } from './forms.ts'
import { fetchTeamCityArtifact, verifyTeamCity } from './verify.ts'

/** TeamCity, own servers and TeamCity Cloud, by its REST API with an access token. Personal builds are refused. */
export const teamCity: Connector<TeamCitySettings, TeamCityBuild> = {
  kind: 'teamCity',
  settings: teamCitySettings,
  linkSecrets: ['apiKey'],
  build: teamCityBuild,
  baseUrl: ({ baseUrl }) => baseUrl,
  verify: verifyTeamCity,
  fetchArtifact: fetchTeamCityArtifact,
}
