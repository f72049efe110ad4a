/**
 * Column names as an entity shows them: staging and mappings treat `Name` and `name` as one, and `_row` is taken, so a name that would collide
 * gets `_2`, `_3`...; an empty one becomes `column_<position from 1>`. The order and all other names stay. Deterministic, so that resuming finds the same.
 */
export function distinctNames(names: string[]): string[] {
  const taken = new Set(['_row'])
  const wanted = new Set(names.map((name) => name.toLowerCase()))
  return names.map((given, index) => {
    const name = given === '' ? `column_${index + 1}` : given
    let free = name
    for (let n = 2; taken.has(free.toLowerCase()) || (free !== name && wanted.has(free.toLowerCase())); n++) free = `${name}_${n}`
    taken.add(free.toLowerCase())
    return free
  })
}
