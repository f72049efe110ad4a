import { DuckDBTypeId, JsonDuckDBValueConverter, type DuckDBType, type DuckDBValue, type DuckDBVector } from '@duckdb/node-api'
import type { Value } from '../model/value.ts'

export type ColumnKind = 'VARCHAR' | 'DOUBLE' | 'BIGINT' | 'INTEGER' | 'BOOLEAN'
export interface ColumnData { name: string; kind: ColumnKind; values: ArrayLike<string | number | bigint | boolean | null> }

type Numbers = Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint32Array | Uint16Array | Uint8Array | BigInt64Array

/**
 * What the binding (its version is exact) keeps within a vector. Going by its own `getItem` and `setItem`, a value of a column with NULLs costs five BigInts, and a
 * BIGINT one more: that was a fifth of the time of a batch of orders. Where a part is not as expected, its own methods are used.
 */
interface Inside { items?: Numbers; dataView?: DataView; validity?: { data: BigUint64Array | null; offset: number }; itemCache?: unknown[]; itemCacheDirty?: boolean[] }

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
const PLAIN = new Set<number>([DuckDBTypeId.DOUBLE, DuckDBTypeId.FLOAT, DuckDBTypeId.INTEGER, DuckDBTypeId.SMALLINT, DuckDBTypeId.TINYINT, DuckDBTypeId.UINTEGER, DuckDBTypeId.USMALLINT, DuckDBTypeId.UTINYINT])
/** High halves of 64-bit integers that a number holds exactly. */
const SAFE_HIGH = 2 ** 21
/** Texts of up to so many bytes stand in the vector itself, others behind a pointer. */
const INLINE_BYTES = 12

const convert = JsonDuckDBValueConverter as (value: DuckDBValue, type: DuckDBType, converter: unknown) => Value

/** One value as `ColumnChunk` has it: BIGINT and narrower as number (bigint beyond 2^53), DOUBLE as number, all else as text, NULL as null. */
function converted(value: DuckDBValue, type: DuckDBType): Value {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint' && type.typeId !== DuckDBTypeId.DECIMAL) {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
  }
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value
  return convert(value, type, inner)
}

const inner = ((value: DuckDBValue, type: DuckDBType) => converted(value, type)) as unknown

/** All values of a vector. */
export function valuesOf(vector: DuckDBVector): Value[] {
  const { items, dataView, validity } = vector as unknown as Inside, { type, itemCount } = vector, out = new Array<Value>(itemCount)
  if (!LITTLE_ENDIAN || validity === undefined || validity.offset !== 0) return generic(vector, out)
  const bits = validity.data === null ? null : new Uint8Array(validity.data.buffer, validity.data.byteOffset, validity.data.byteLength)
  if (items instanceof BigInt64Array && type.typeId === DuckDBTypeId.BIGINT) {
    const halves = new Int32Array(items.buffer, items.byteOffset, itemCount * 2)
    for (let i = 0; i < itemCount; i++) {
      const high = halves[i * 2 + 1]!
      out[i] = bits !== null && (bits[i >> 3]! >> (i & 7) & 1) === 0 ? null : high > -SAFE_HIGH && high < SAFE_HIGH ? high * 2 ** 32 + (halves[i * 2]! >>> 0) : converted(items[i]!, type)
    }
    return out
  }
  if (items !== undefined && PLAIN.has(type.typeId)) {
    for (let i = 0; i < itemCount; i++) out[i] = bits !== null && (bits[i >> 3]! >> (i & 7) & 1) === 0 ? null : items[i] as number
    return out
  }
  if (dataView !== undefined && type.typeId === DuckDBTypeId.VARCHAR) return texts(vector, dataView, bits, out)
  return generic(vector, out)
}

function generic(vector: DuckDBVector, out: Value[]): Value[] {
  const type = vector.type
  for (let i = 0; i < out.length; i++) out[i] = converted(vector.getItem(i) as DuckDBValue, type)
  return out
}

function texts(vector: DuckDBVector, view: DataView, bits: Uint8Array | null, out: Value[]): Value[] {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  // Equal texts of a dictionary share one place: they are read once.
  const read = new Map<number, string>()
  for (let i = 0, at = 0; i < out.length; i++, at += 16) {
    if (bits !== null && (bits[i >> 3]! >> (i & 7) & 1) === 0) { out[i] = null; continue }
    const length = view.getUint32(at, true)
    if (length <= INLINE_BYTES) { out[i] = length === 0 ? '' : bytes.toString('utf8', at + 4, at + 4 + length); continue }
    const place = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 8, true)
    let text = read.get(place)
    if (text === undefined || Buffer.byteLength(text) !== length) read.set(place, text = vector.getItem(i) as string)
    out[i] = text
  }
  return out
}

/** Writes `size` values from `start` on into a vector of that size and kind. */
export function fill(vector: DuckDBVector, { kind, values }: ColumnData, start: number, size: number): void {
  const inside = vector as unknown as Inside, { items, validity } = inside
  if (!LITTLE_ENDIAN || validity === undefined || validity.data !== null || kind === 'BOOLEAN' || (kind === 'VARCHAR' ? !Array.isArray(inside.itemCacheDirty) : items === undefined)) return setEach(vector, kind, values, start, size)
  const bits = new Uint8Array(Math.ceil(size / 64) * 8).fill(255)
  let nulls = false
  const absent = (i: number) => { nulls = true; bits[i >> 3]! &= ~(1 << (i & 7)) }
  if (kind === 'DOUBLE' && values instanceof Float64Array) (items as Float64Array).set(values.subarray(start, start + size))
  else if (kind === 'VARCHAR') {
    const cache = new Array<unknown>(size)
    for (let i = 0; i < size; i++) {
      const value = values[start + i] ?? null
      if (value === null) absent(i)
      cache[i] = value
    }
    inside.itemCache = cache
    inside.itemCacheDirty = new Array<boolean>(size).fill(true)
  } else {
    const halves = kind === 'BIGINT' ? new Int32Array(items!.buffer, items!.byteOffset, size * 2) : null
    for (let i = 0; i < size; i++) {
      const value = values[start + i] ?? null
      if (value === null) absent(i)
      else if (halves === null) (items as Float64Array)[i] = value as number
      else if (typeof value === 'bigint') (items as BigInt64Array)[i] = value
      else setHalves(halves, i, value as number)
    }
  }
  if (nulls) validity.data = new BigUint64Array(bits.buffer)
  ;(vector as unknown as { flush(): void }).flush()
}

/** Throws what BigInt throws for a number that is not whole. */
function setHalves(halves: Int32Array, i: number, value: number): void {
  if (!Number.isSafeInteger(value)) BigInt(value)
  const high = Math.floor(value / 2 ** 32)
  halves[i * 2] = value - high * 2 ** 32 | 0
  halves[i * 2 + 1] = high
}

function setEach(vector: DuckDBVector, kind: ColumnKind, values: ColumnData['values'], start: number, size: number): void {
  const writable = vector as unknown as { setItem(i: number, value: unknown): void; flush(): void }
  for (let i = 0; i < size; i++) {
    const value = values[start + i] ?? null
    writable.setItem(i, kind === 'BIGINT' && typeof value === 'number' ? BigInt(value) : value)
  }
  writable.flush()
}
