import { describe, expect, it } from 'vitest'
import { isOwnOrigin } from '../../server/http-server.ts'

describe('a page', () => {
  it.each([
    ['https://signing.example.com', 'https://signing.example.com'],
    ['https://signing.example.com', 'https://signing.example.com/countersign'],
    ['https://signing.example.com:8443', 'https://signing.example.com:8443'],
    ['http://localhost:8080', 'http://127.0.0.1:8080'],
    ['http://127.0.0.1:8080', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://127.0.0.1:8080'],
  ])('of %s is ours where the service is %s', (origin, publicUrl) => {
    expect(isOwnOrigin(origin, publicUrl)).toBe(true)
  })

  it.each([
    ['http://signing.example.com', 'https://signing.example.com'],
    ['https://localhost', 'https://signing.example.com'],
    ['http://localhost:8081', 'http://127.0.0.1:8080'],
    ['https://localhost:8080', 'http://127.0.0.1:8080'],
    ['http://localhost.evil.example:8080', 'http://127.0.0.1:8080'],
    ['null', 'http://127.0.0.1:8080'],
  ])('of %s is not where it is %s', (origin, publicUrl) => {
    expect(isOwnOrigin(origin, publicUrl)).toBe(false)
  })
})
