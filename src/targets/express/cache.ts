import { Redis } from 'ioredis'
import { LandfallError, messageOf } from '../../errors/error.ts'
import { redact } from '../../errors/redact.ts'

/** Keys of a site that outlive `clear-cache`: queues of work not done yet and counts of requests (the framework's hook `persistent_cache_keys`). */
const PERSISTENT = ['changelog-', 'insert_queue_for_', 'recorder-', 'global_search_queue', 'monitor-transactions', 'rate-limit-counter-', 'rl:']
const TIMEOUT_MS = 5000

/**
 * Empties the cache of a site as its own `clear-cache` does: all its keys (they begin with the name of its database) but the persistent ones. Answers how many went.
 * Throws `target-failed`; the rows are on the site all the same.
 */
export async function clearCache(url: string, database: string): Promise<number> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: TIMEOUT_MS, commandTimeout: TIMEOUT_MS, maxRetriesPerRequest: 1, retryStrategy: () => null })
  // The failure is that of the command; without a listener it would be printed.
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    const prefix = `${database}|`
    const kept = (key: string) => PERSISTENT.some((one) => key.startsWith(prefix + one))
    let cleared = 0, cursor = '0'
    do {
      const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`, 'COUNT', 1000)
      const doomed = keys.filter((key) => !kept(key))
      if (doomed.length > 0) cleared += await redis.unlink(...doomed)
      cursor = next
    } while (cursor !== '0')
    return cleared
  } catch (error) {
    throw new LandfallError('target-failed', redact(`The site's cache cannot be emptied: ${messageOf(error)}`), { hint: 'Run `bench --site NAME clear-cache`, or correct `redisCache`; the documents are loaded.', cause: error })
  } finally {
    redis.disconnect()
  }
}
