import type { AuthenticodeBenchOptions, AuthenticodeFigure } from './authenticode.ts'
import { withFolder } from './folder.ts'
import type { Parts, Row } from './row.ts'

/** How many times faster than others small files must be signed, by the key's kind. */
const smallFileBounds: Readonly<Record<string, { readonly RSA: number; readonly EC?: number }>> = {
  osslsigncode: { RSA: 3, EC: 5 },
  jsign: { RSA: 1.5, EC: 3 },
  'the token alone': { RSA: 0.75 },
}

/** Signing and digesting files, against the tools that everybody uses. */
export const signingParts: Parts = {
  'sign-108-KB': () =>
    withKeys(async (options) =>
      (await (await signing()).benchFiles(options, { size: 108_000, name: '108 KB', files: 600 })).map((figure) =>
        ratioRow(figure, smallFileBounds[figure.against]?.[figure.work.includes('RSA') ? 'RSA' : 'EC'] ?? Number.NaN),
      ),
    ),
  'sign-10-MB': () =>
    withKeys(async (options) =>
      (await (await signing()).benchFiles(options, { size: 10_000_000, name: '10 MB', files: 80 })).map((figure) =>
        ratioRow(figure, 1.5),
      ),
    ),
  'sign-1.5-GB': () =>
    withKeys(async (options) => {
      const figure = await (await signing()).benchLarge(options)
      const memory = figure.peakMebibytes ?? Number.POSITIVE_INFINITY
      return [
        ratioRow(figure, 1),
        {
          work: `${figure.work}, peak memory`,
          ours: `${memory.toFixed(0)} MiB`,
          against: '',
          figure: memory,
          must: '≤',
          bound: 256,
        },
      ]
    }),
  'sign-jar': () =>
    withFolder(async (folder) => {
      const { ours, jarsigner, bytes } = await (await import('./jar.ts')).benchJar(folder)
      return [
        {
          work: `sign a jar of 2,600 classes, ${(bytes / 1_000_000).toFixed(1)} MB, planned and verified too; against jarsigner`,
          ours: `${ours.toFixed(0)} ms`,
          against: `${jarsigner.toFixed(0)} ms`,
          figure: jarsigner / ours,
          must: '≥',
          bound: 5,
        },
      ]
    }),
  'deep-sign-1000': () =>
    withFolder(async (folder) => {
      const { ours, other } = await (await import('./deep-signing.ts')).benchManyPrograms(folder, 1_000)
      return [
        {
          work: 'sign 1,000 programs of 108 KB in a zip, P-256; against unzip, osslsigncode for each, zip',
          ours: `${ours.toFixed(1)} s`,
          against: `${other.toFixed(1)} s`,
          figure: other / ours,
          must: '≥',
          bound: 3,
        },
      ]
    }),
  'deep-sign-4-GB': () =>
    withFolder(async (folder) => {
      const { ours, other, peakMebibytes } = await (await import('./deep-signing.ts')).benchLargeZip(
        folder,
        4 * 1024 ** 3,
      )
      const work = 'sign a small program in a zip of 4 GB'
      return [
        {
          work: `${work}; against copying and hashing it`,
          ours: `${ours.toFixed(1)} s`,
          against: `${other.toFixed(1)} s`,
          figure: ours / other,
          must: '≤',
          bound: 2,
        },
        {
          work: `${work}, peak memory`,
          ours: `${peakMebibytes.toFixed(0)} MiB`,
          against: '',
          figure: peakMebibytes,
          must: '≤',
          bound: 256,
        },
      ]
    }),
  'deep-plan-100000': () =>
    withFolder(async (folder) => {
      const seconds = await (await import('./deep-signing.ts')).benchManyEntries(folder, 100_000)
      return [
        {
          work: 'plan a zip of 100,000 entries',
          ours: `${seconds.toFixed(1)} s`,
          against: '',
          figure: seconds,
          must: '≤',
          bound: 10,
        },
      ]
    }),
  digest: () => withFolder(async (folder) => [ratioRow(await (await signing()).benchDigest(folder), 0.8)]),
}

function signing() {
  return import('./authenticode.ts')
}

function ratioRow({ work, ours, theirs, unit, ratio }: AuthenticodeFigure, bound: number): Row {
  const shown = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`
  return { work, ours: shown(ours), against: shown(theirs), figure: ratio, must: '≥', bound }
}

function withKeys<Result>(use: (options: AuthenticodeBenchOptions) => Promise<Result>): Promise<Result> {
  return withFolder(async (folder) => {
    const { benchKeys } = await import('./bench-keys.ts')
    const { token, keys, jsign } = await benchKeys(folder)
    try {
      return await use({ folder, keys, jsign })
    } finally {
      await token.close()
    }
  })
}
