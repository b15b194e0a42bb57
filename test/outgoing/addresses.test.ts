import { describe, expect, it } from 'vitest'
import { isRefusedAddress } from '../../outgoing/index.ts'

const refused = (address: string, ...allowed: string[]) => isRefusedAddress(address, allowed)

describe('an address that is called', () => {
  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.7'],
    ...['203.0.113.9', '224.0.0.1', '239.255.255.250', '240.0.0.1', '255.255.255.255', '168.63.129.16'],
    ...['::', '::1', '::7f00:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '::ffff:0:7f00:1'],
    ...['64:ff9b::7f00:1', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b::', '64:ff9b:1::1', '100::1'],
    ...['2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '4000::1', '5f00::1'],
    ...['fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'FD00::1'],
    ...['', 'localhost', '127.1', '0177.0.0.1', '2130706433', '::ffff:127.0.0.1%lo', 'not an address'],
  ])('is none that is private, local, multicast, reserved or no address: %j', (address) => {
    expect(refused(address)).toBe(true)
  })

  it.each([
    ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.1'],
    ...['169.253.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '223.255.255.255'],
    ...['2606:4700::1111', '2a00::1', '2001:4860::8888', '::ffff:1.1.1.1', '::ffff:101:101', '64:ff9b::101:101'],
  ])('may be a public one: %s', (address) => {
    expect(refused(address)).toBe(false)
  })

  it('may be in a network that the operator allows, in whatever form the address is written', () => {
    for (const address of ['10.20.0.7', '::ffff:10.20.0.7', '::ffff:a14:7', '64:ff9b::a14:7'])
      expect(refused(address, '10.20.0.0/16')).toBe(false)
    for (const address of ['10.21.0.7', '127.0.0.1', 'fd00::1', '::ffff:127.0.0.1'])
      expect(refused(address, '10.20.0.0/16')).toBe(true)
    expect(refused('fd00:1::5', 'fd00:1::/32')).toBe(false)
    expect(refused('fd00:2::5', 'fd00:1::/32')).toBe(true)
    // Of all of IPv6, not what stands for IPv4.
    expect(refused('::ffff:127.0.0.1', '::/0')).toBe(true)
  })
})
