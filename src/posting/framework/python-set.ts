/**
 * The order in which Python 3.11 lists a set of pairs of text, for hash seed 0. Under another seed (a site has a random one unless PYTHONHASHSEED is set) the order is
 * another; every order is as good as any then.
 */
const MASK = (1n << 64n) - 1n
const rotate = (x: bigint, by: bigint) => ((x << by) | (x >> (64n - by))) & MASK

class SipState {
  v0 = 0x736f6d6570736575n
  v1 = 0x646f72616e646f6dn
  v2 = 0x6c7967656e657261n
  v3 = 0x7465646279746573n

  round(): void {
    this.v0 = (this.v0 + this.v1) & MASK
    this.v2 = (this.v2 + this.v3) & MASK
    this.v1 = rotate(this.v1, 13n) ^ this.v0
    this.v3 = rotate(this.v3, 16n) ^ this.v2
    this.v0 = rotate(this.v0, 32n)
    this.v2 = (this.v2 + this.v1) & MASK
    this.v0 = (this.v0 + this.v3) & MASK
    this.v1 = rotate(this.v1, 17n) ^ this.v2
    this.v3 = rotate(this.v3, 21n) ^ this.v0
    this.v2 = rotate(this.v2, 32n)
  }
}

/** Python's hash of a text (SipHash-1-3 with a key of zeros over the characters as it stores them). */
function hashText(text: string): bigint {
  const codes = [...text].map((char) => char.codePointAt(0)!), widest = Math.max(0, ...codes), width = widest < 256 ? 1 : widest < 65_536 ? 2 : 4
  const bytes = codes.flatMap((code) => Array.from({ length: width }, (_, i) => (code >>> (8 * i)) & 255))
  if (bytes.length === 0) return 0n
  const state = new SipState(), word = (from: number, to: number) => bytes.slice(from, to).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  const whole = bytes.length - (bytes.length % 8)
  for (let at = 0; at < whole; at += 8) {
    const part = word(at, at + 8)
    state.v3 ^= part
    state.round()
    state.v0 ^= part
  }
  const last = ((BigInt(bytes.length) << 56n) & MASK) | word(whole, bytes.length)
  state.v3 ^= last
  state.round()
  state.v0 ^= last
  state.v2 ^= 0xffn
  for (let i = 0; i < 3; i++) state.round()
  const hash = (state.v0 ^ state.v1) ^ (state.v2 ^ state.v3)
  return hash === MASK ? MASK - 1n : hash
}

function hashTuple(parts: readonly string[]): bigint {
  const p1 = 11400714785074694791n, p2 = 14029467366897019727n, p5 = 2870177450012600261n
  let sum = p5
  for (const part of parts) sum = (rotate((sum + hashText(part) * p2) & MASK, 31n) * p1) & MASK
  sum = (sum + (BigInt(parts.length) ^ p5 ^ 3527539n)) & MASK
  return sum === MASK ? 1546275796n : sum
}

type Slot = { hash: bigint; item: readonly string[] } | undefined

function place(table: Slot[], slot: NonNullable<Slot>): boolean {
  const mask = BigInt(table.length - 1)
  let at = slot.hash & mask, perturb = slot.hash
  for (;;) {
    const probes = Number(at) + 9 <= table.length - 1 ? 9 : 0
    for (let i = Number(at); i <= Number(at) + probes; i++) {
      const there = table[i]
      if (there === undefined) { table[i] = slot; return true }
      if (there.hash === slot.hash && there.item.every((part, n) => part === slot.item[n])) return false
    }
    perturb >>= 5n
    at = (at * 5n + 1n + perturb) & mask
  }
}

/** The items, once each, in the order in which a set they are added to lists them. */
export function setOrder<T extends readonly string[]>(items: Iterable<T>): T[] {
  return orderOf([...items].map((item) => ({ hash: hashTuple(item), item }))) as T[]
}

function orderOf(items: readonly NonNullable<Slot>[]): (readonly string[])[] {
  let table: Slot[] = new Array<Slot>(8).fill(undefined), used = 0
  for (const item of items) {
    if (!place(table, item)) continue
    used++
    if (used * 5 < (table.length - 1) * 3) continue
    let size = 8
    while (size <= used * (used > 50_000 ? 2 : 4)) size *= 2
    const old = table
    table = new Array<Slot>(size).fill(undefined)
    for (const slot of old) if (slot !== undefined) place(table, slot)
  }
  return table.flatMap((slot) => (slot === undefined ? [] : [slot.item]))
}

const textHashes = new Map<string, bigint>()

/** As `setOrder`, of plain texts. */
export function textSetOrder(items: readonly string[]): string[] {
  const distinct = [...new Set(items)]
  if (distinct.length < 2) return distinct
  if (textHashes.size > 100_000) textHashes.clear()
  return orderOf(distinct.map((text) => {
    let hash = textHashes.get(text)
    if (hash === undefined) textHashes.set(text, hash = hashText(text))
    return { hash, item: [text] }
  })).map((item) => item[0]!)
}
