/** Values of a metric's labels, by their names. */
export type Labels = Readonly<Record<string, string>>

/** What is counted and measured, for Prometheus. */
export type Metrics = {
  /** Adds to a counter. */
  readonly count: (name: keyof typeof counters, labels?: Labels, amount?: number) => void
  /** Everything in the text format of Prometheus, version 0.0.4. */
  readonly text: (gauges: readonly Gauge[]) => string
}

/** A value that is looked at when it is asked for. */
export type Gauge = { readonly name: string; readonly help: string; readonly labels?: Labels; readonly value: number }

const counters = {
  connections: 'Connections whose handshake was completed.',
  handshake_failures: 'Connections that ended within the handshake.',
  decisions: 'Judgements of nodes, one for each request.',
  requests: 'Requests, by the status of their answers.',
  service_errors: 'Requests that the service could not be asked, by reason.',
  received_bytes: 'Bytes of bodies received of nodes.',
  sent_bytes: 'Bytes of bodies sent to nodes.',
  reloads: 'Readings of changed files.',
  cut_connections: 'Open connections that were cut because their node is not accepted any more.',
} as const

const prefix = 'countersign_proxy_'

/** Makes the counters of one process. */
export function openMetrics(): Metrics {
  const values = new Map<string, { readonly name: keyof typeof counters; readonly labels: string; value: number }>()
  return {
    count(name, labels = {}, amount = 1) {
      const text = labelText(labels)
      const key = `${name}${text}`
      const known = values.get(key)
      if (known === undefined) values.set(key, { name, labels: text, value: amount })
      else known.value += amount
    },
    text(gauges) {
      const lines: string[] = []
      for (const [name, help] of Object.entries(counters)) {
        lines.push(`# HELP ${prefix}${name}_total ${help}`, `# TYPE ${prefix}${name}_total counter`)
        const found = [...values.values()].filter((each) => each.name === name)
        if (found.length === 0) lines.push(`${prefix}${name}_total 0`)
        for (const { labels, value } of found) lines.push(`${prefix}${name}_total${labels} ${value}`)
      }
      for (const [name, of] of Map.groupBy(gauges, (gauge) => gauge.name)) {
        lines.push(`# HELP ${prefix}${name} ${of[0]?.help}`, `# TYPE ${prefix}${name} gauge`)
        for (const { labels = {}, value } of of) lines.push(`${prefix}${name}${labelText(labels)} ${value}`)
      }
      return `${lines.join('\n')}\n`
    },
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
