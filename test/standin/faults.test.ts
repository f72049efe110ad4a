import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseFaults } from '../../src/standin/faults.ts'
import { openStandin, type Opened } from './client.ts'

let site: Opened
beforeAll(async () => { site = await openStandin({ faults: { control: true } }) })
afterAll(() => site.close())

describe('faults', () => {
  test('an answer is lost after its request was committed', async () => {
    site.standin.faults.set([{ kind: 'drop', at: [1], match: 'POST /api/resource/Customer' }])
    await expect(site.call('POST', '/api/resource/Customer', { customer_name: 'Lost Answer' })).rejects.toThrow()
    expect((await site.call('GET', '/api/resource/Customer/Lost Answer')).status).toBe(200)
  })

  test('a connection broken before leaves nothing', async () => {
    site.standin.faults.set([{ kind: 'reset', at: [1] }])
    await expect(site.call('POST', '/api/resource/Customer', { customer_name: 'Never Seen' })).rejects.toThrow()
    expect((await site.call('GET', '/api/resource/Customer/Never Seen')).status).toBe(404)
  })

  test('429 says when to come back, a deadlock leaves nothing', async () => {
    site.standin.faults.set([{ kind: '429', at: [1], retryAfterSeconds: 2 }, { kind: 'deadlock', at: [2] }, { kind: '503', at: [3] }])
    const [busy, dead, down] = [await site.call('POST', '/api/resource/Customer', { customer_name: 'Thrice' }), await site.call('POST', '/api/resource/Customer', { customer_name: 'Thrice' }), await site.call('POST', '/api/resource/Customer', { customer_name: 'Thrice' })]
    expect([busy.status, busy.headers.get('retry-after'), busy.body['exc_type']]).toEqual([429, '2', 'TooManyRequestsError'])
    expect([dead.status, dead.body['exception']]).toEqual([500, "frappe.exceptions.QueryDeadlockError: (1213, 'Deadlock found when trying to get lock; try restarting transaction')"])
    expect([down.status, down.body['exc_type']]).toEqual([503, 'SessionStopped'])
    expect((await site.call('GET', '/api/resource/Customer/Thrice')).status).toBe(404)
  })

  test('they can be set over HTTP where that is allowed', async () => {
    site.standin.faults.set([])
    expect((await site.call('GET', '/api/method/ping', undefined, { 'X-Standin-Fault': '503' })).status).toBe(503)
    await site.call('POST', '/standin/faults', { rules: [{ kind: '429', times: 1 }] })
    expect((await site.call('GET', '/api/method/ping')).status).toBe(429)
    expect((await site.call('GET', '/api/method/ping')).status).toBe(200)
    expect((await site.call('GET', '/standin/faults')).body['struck']).toMatchObject({ 503: expect.any(Number) as number })
  })

  test('the option is read as it is written', () => {
    expect(parseFaults('drop:0.05,deadlock@3+5,429:0.1(2),slow(250)=POST,seed=7,control')).toEqual({
      seed: 7, control: true, rules: [{ kind: 'drop', rate: 0.05 }, { kind: 'deadlock', at: [3, 5] }, { kind: '429', rate: 0.1, retryAfterSeconds: 2 }, { kind: 'slow', delayMs: 250, match: 'POST' }],
    })
    expect(() => parseFaults('thunder:1')).toThrow('is no fault')
  })
})
