/**
 * How long a server asks to be left alone: `Retry-After` in seconds or as an HTTP date (RFC 9110 §10.2.3). A date counts
 * from the server's own `Date`, so that clocks that differ do no harm.
 *
 * @param now the local time, for answers without a `Date`, in milliseconds since 1970
 * @returns milliseconds, never negative; `undefined` when the server does not say
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? ''
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const until = httpDate(value)
  if (until === undefined) return undefined
  return Math.max(0, until - (httpDate(headers.get('date')?.trim() ?? '') ?? now))
}

/** The three forms that RFC 9110 §5.6.7 has begin with the day's name; `Date.parse` reads each, and much else. */
function httpDate(text: string): number | undefined {
  const time = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(utc(text)) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/** asctime's form names no zone; all three are UTC. */
function utc(text: string): string {
  return text.endsWith('GMT') ? text : `${text} GMT`
}
