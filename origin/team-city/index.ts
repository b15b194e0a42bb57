import type { Connector } from '../connector.ts'
import { type TeamCityBuild, type TeamCitySettings, teamCityForms } from './forms.ts'
import { fetchTeamCityArtifact, verifyTeamCity } from './verify.ts'

/** TeamCity, own servers and TeamCity Cloud, by its REST API with an access token. Personal builds are refused. */
export const teamCity: Connector<TeamCitySettings, TeamCityBuild> = {
  ...teamCityForms,
  baseUrl: ({ baseUrl }) => baseUrl,
  verify: verifyTeamCity,
  fetchArtifact: fetchTeamCityArtifact,
}
