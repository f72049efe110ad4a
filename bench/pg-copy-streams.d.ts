declare module 'pg-copy-streams' {
  import type { Submittable } from 'pg'
  import type { Readable, Writable } from 'node:stream'
  const streams: { to(sql: string): Readable & Submittable & { rowCount: number }; from(sql: string): Writable & Submittable }
  export default streams
}
