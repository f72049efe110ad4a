import * as echarts from 'echarts'
import type { EChartsOption } from 'echarts'
import type { RunView } from './run-view.ts'

const INK = { migrated: '#2f7d5b', skipped: '#c9a227', errors: '#b3372f', axis: '#5b6570', line: '#dfe3e7', bar: '#33658a' }

function draw(option: EChartsOption, width: number, height: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({ animation: false, textStyle: { fontFamily: 'system-ui, sans-serif', color: INK.axis }, ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  // The drawing scales with the page; without fixed width and height the viewBox alone decides.
  return svg.replace(/<svg width="\d+" height="\d+"/, '<svg role="img"')
}

/** Records per entity, what became of them, as shares: a small entity stays visible beside a large one. */
export function entityChart(view: RunView): string {
  const entities = [...view.entities].filter((entity) => entity.sourceCount > 0).sort((a, b) => a.sourceCount - b.sourceCount)
  const share = (part: number, whole: number): number => Math.round((part / whole) * 100000) / 1000
  const series = (name: 'migrated' | 'skipped' | 'errors'): object => ({
    name, type: 'bar', stack: 'all', barWidth: 14, itemStyle: { color: INK[name] }, data: entities.map((entity) => share(entity[name], entity.sourceCount)),
  })
  return draw({
    legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, itemGap: 26 }, grid: { left: 190, right: 80, top: 34, bottom: 26 },
    xAxis: { type: 'value', max: 100, axisLabel: { formatter: '{value}%' }, splitLine: { lineStyle: { color: INK.line } } },
    yAxis: { type: 'category', data: entities.map((entity) => entity.name), axisTick: { show: false }, axisLabel: { width: 180, overflow: 'truncate' } },
    series: [series('migrated'), series('skipped'), { ...series('errors'), label: { show: true, position: 'right', color: INK.axis, formatter: (point: { dataIndex: number }) => (entities[point.dataIndex]?.sourceCount ?? 0).toLocaleString('en-US') } }] as never,
  }, 900, 60 + entities.length * 24)
}

/** When each phase and wave ran, in seconds from the start. */
export function phaseChart(view: RunView): string {
  const phases = [...view.phases].reverse()
  return draw({
    grid: { left: 190, right: 80, top: 10, bottom: 44 },
    xAxis: { type: 'value', name: 'seconds', nameLocation: 'middle', nameGap: 28, splitLine: { lineStyle: { color: INK.line } } },
    yAxis: { type: 'category', data: phases.map((phase) => (phase.wave === null ? phase.name : `${phase.name}, wave ${phase.wave}`)), axisTick: { show: false }, axisLabel: { width: 180, overflow: 'truncate' } },
    series: [
      { type: 'bar', stack: 'time', itemStyle: { color: 'transparent' }, data: phases.map((phase) => phase.startSeconds), silent: true },
      { type: 'bar', stack: 'time', barWidth: 14, itemStyle: { color: INK.bar }, data: phases.map((phase) => Math.max(phase.seconds, 0.01)), label: { show: true, position: 'right', color: INK.axis, formatter: (point: { dataIndex: number }) => `${(phases[point.dataIndex]?.seconds ?? 0).toFixed(1)} s` } },
    ] as never,
  }, 900, 70 + phases.length * 24)
}

/** Tasks after one another on a line of time; the window they must fit into is drawn where it is near. Seconds. */
export function ganttChart(tasks: { name: string; start: number; low: number; high: number }[], window: number): string {
  const end = Math.max(...tasks.map((task) => task.start + task.high), 0.001), [unit, label] = end >= 172_800 ? [86_400, 'days'] : end >= 7200 ? [3600, 'hours'] : end >= 180 ? [60, 'minutes'] : [1, 'seconds']
  const bars = [...tasks].reverse(), shown = (seconds: number): number => Math.round((seconds / unit) * 1000) / 1000
  const near = window <= end * 3
  return draw({
    grid: { left: 210, right: 90, top: 22, bottom: 44 },
    xAxis: { type: 'value', name: label, nameLocation: 'middle', nameGap: 28, max: near ? shown(Math.max(end, window) * 1.02) : shown(end * 1.02), splitLine: { lineStyle: { color: INK.line } }, axisLabel: { showMaxLabel: false } },
    yAxis: { type: 'category', data: bars.map((task) => task.name), axisTick: { show: false }, axisLabel: { width: 200, overflow: 'truncate' } },
    series: [
      { type: 'bar', stack: 'time', itemStyle: { color: 'transparent' }, data: bars.map((task) => shown(task.start)), silent: true },
      { type: 'bar', stack: 'time', barWidth: 14, itemStyle: { color: INK.bar }, data: bars.map((task) => shown(task.low)) },
      {
        type: 'bar', stack: 'time', barWidth: 14, itemStyle: { color: 'rgba(51,101,138,.35)' }, data: bars.map((task) => shown(task.high - task.low)),
        label: { show: true, position: 'right', color: INK.axis, formatter: (point: { dataIndex: number }) => `${shown(bars[point.dataIndex]?.high ?? 0).toLocaleString('en-US', { maximumFractionDigits: 1 })}` },
        ...near ? { markLine: { silent: true, symbol: 'none', data: [{ xAxis: shown(window) }], lineStyle: { color: INK.errors, type: 'solid' }, label: { formatter: 'window', color: INK.errors } } } : {},
      },
    ] as never,
  }, 900, 80 + bars.length * 24)
}
