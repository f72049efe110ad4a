import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const round = defineTransform({
  name: 'round', about: 'Rounds a number: half away from zero, half to even, up or down.',
  options: z.strictObject({ places: z.int().min(0).max(9).default(0), method: z.enum(['half_up', 'half_even', 'up', 'down']).default('half_up') }),
  output: 'DECIMAL(38,9)', input: 'number', positional: ['places', 'method'],
  sql: (x, o) => {
    if (o.method === 'half_up') return `CAST(round(${x}, ${o.places}) AS DECIMAL(38,9))`
    if (o.method === 'down') return `CAST(CASE WHEN abs(round(${x}, ${o.places})) > abs(${x}) THEN round(${x}, ${o.places}) - sign(${x}) * ${1 / 10 ** o.places} ELSE round(${x}, ${o.places}) END AS DECIMAL(38,9))`
    if (o.method === 'up') return `CAST(CASE WHEN abs(round(${x}, ${o.places})) < abs(${x}) THEN round(${x}, ${o.places}) + sign(${x}) * ${1 / 10 ** o.places} ELSE round(${x}, ${o.places}) END AS DECIMAL(38,9))`
    const unit = (1 / 10 ** o.places).toFixed(o.places)
    const rounded = `round(${x}, ${o.places})`
    return `CAST(CASE WHEN abs(${rounded} - ${x}) * 2 = ${unit} AND CAST(abs(${rounded}) / ${unit} AS BIGINT) % 2 = 1 THEN ${rounded} - sign(${x}) * ${unit} ELSE ${rounded} END AS DECIMAL(38,9))`
  },
})
