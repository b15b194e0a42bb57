const namespace = 'http://signpath.io/artifact-configuration/v1'

/** An artifact configuration of one program, which differs by a comment. */
export function programConfiguration(comment = ''): string {
  return `<artifact-configuration xmlns="${namespace}">
  <!-- ${comment} -->
  <pe-file>
    <authenticode-sign/>
  </pe-file>
</artifact-configuration>
`
}

/** One that takes the parameter `edition`, which must be given, and `channel`, which need not. */
export const parametrized = `<artifact-configuration xmlns="${namespace}">
  <parameters>
    <parameter name="edition" required="true"/>
    <parameter name="channel" default-value="stable"/>
  </parameters>
  <zip-file>
    <pe-file path="\${edition}/*.exe" max-matches="unbounded">
      <authenticode-sign description="\${channel}"/>
    </pe-file>
  </zip-file>
</artifact-configuration>
`
