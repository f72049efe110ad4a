import type { Assessment } from '../model/assessment.ts'

/**
 * The relation diagram: HTML and the script that draws it. Entities stand in columns by phase, those that are referred to most on the left; parts that hang
 * together stand together. A search leaves what matches and its neighbours; a click shows one entity's relations; phases and entities without relations can be hidden.
 */
export function relationDiagram(assessment: Assessment): string {
  const index = new Map(assessment.entities.map((entity, i) => [entity.id, i]))
  const several = assessment.sources.length > 1
  const data = {
    nodes: assessment.entities.map((entity) => ({ name: several ? `${entity.name}` : entity.name, source: entity.source, phase: entity.phase, records: entity.records })),
    edges: assessment.relations.map((relation) => ({ from: index.get(relation.from.entity) ?? 0, to: index.get(relation.to.entity) ?? 0, label: relation.from.columns.join(', '), orphans: relation.orphans, declared: relation.declared })),
  }
  return `<div class="tools"><input id="find" type="search" placeholder="Find an entity" aria-label="Find an entity">
<label><input type="checkbox" id="lonely"> without relations</label>${['master', 'transactional', 'historical'].map((phase) => `<label><input type="checkbox" class="phase" value="${phase}" checked> ${phase}</label>`).join('')}<span id="shown" class="soft"></span></div>
<div class="diagram"><svg id="diagram" role="img" aria-label="Entities and their relations"></svg></div>
<noscript><p>The diagram needs a script; the table of relations below says the same.</p></noscript>
<script type="application/json" id="relations">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script><script>${SCRIPT}</script>`
}

export const DIAGRAM_STYLE = `
.tools{display:flex;flex-wrap:wrap;gap:14px;align-items:center;margin-bottom:10px;font-size:14px}
.tools input[type=search]{font:inherit;padding:5px 10px;border:1px solid var(--line);border-radius:8px;background:var(--page);color:var(--ink);min-width:220px}
.diagram{max-height:620px;overflow:auto;border:1px solid var(--line);border-radius:8px;background:var(--page)}
.diagram svg{width:auto;max-width:none}
.diagram .node{cursor:pointer}.diagram .node rect{fill:var(--card);stroke:var(--line)}
.diagram .node.master rect{stroke:#33658a}.diagram .node.transactional rect{stroke:#2f7d5b}.diagram .node.historical rect{stroke:#8a6d00}
.diagram text{font:12px system-ui,sans-serif;fill:var(--ink)}.diagram text.soft{fill:var(--soft)}.diagram text.head{font-weight:600;fill:var(--soft)}
.diagram path{fill:none;stroke:#9aa5af;stroke-opacity:.55}.diagram path.inferred{stroke-dasharray:4 3}.diagram path.orphans{stroke:var(--bad);stroke-opacity:.8}
.diagram .chosen .node{opacity:.2}.diagram .chosen path{stroke-opacity:.06}.diagram .chosen .node.lit{opacity:1}.diagram .chosen path.lit{stroke-opacity:1;stroke-width:1.6}
.diagram .edge-label{opacity:0}.diagram .chosen .edge-label.lit{opacity:1}
`

/** Runs in the page. Plain DOM; texts only by textContent, so legacy names stay text. */
const SCRIPT = `(() => {
const { nodes, edges } = JSON.parse(document.getElementById('relations').textContent);
const svg = document.getElementById('diagram'), find = document.getElementById('find'), lonely = document.getElementById('lonely'), shown = document.getElementById('shown');
const W = 190, H = 26, GAP = 8, COLUMN = 270, TALL = 34;
const make = (tag, attributes, text) => { const e = document.createElementNS('http://www.w3.org/2000/svg', tag); for (const k in attributes) e.setAttribute(k, attributes[k]); if (text !== undefined) e.textContent = text; return e };
const near = nodes.map(() => new Set()), referred = nodes.map(() => 0);
for (const e of edges) { near[e.from].add(e.to); near[e.to].add(e.from); if (e.from !== e.to) referred[e.to]++ }
const part = nodes.map((_, i) => i);
const root = (i) => { while (part[i] !== i) i = part[i]; return i };
for (const e of edges) part[Math.max(root(e.from), root(e.to))] = Math.min(root(e.from), root(e.to));
let chosen = null;
lonely.checked = nodes.length <= 40;
function visible() {
  const word = find.value.trim().toLowerCase(), phases = [...document.querySelectorAll('.phase')].filter((c) => c.checked).map((c) => c.value);
  const hit = new Set(nodes.map((n, i) => i).filter((i) => word === '' || nodes[i].name.toLowerCase().includes(word)));
  return nodes.map((n, i) => i).filter((i) => phases.includes(nodes[i].phase) && (lonely.checked || near[i].size > 0 || word !== '') && (hit.has(i) || (word !== '' && [...near[i]].some((o) => hit.has(o)))));
}
function place(list) {
  const at = new Map(), columns = [];
  for (const phase of ['master', 'transactional', 'historical']) {
    const all = list.filter((i) => nodes[i].phase === phase).sort((a, b) => root(a) - root(b) || referred[b] - referred[a] || nodes[a].name.localeCompare(nodes[b].name));
    for (let s = 0; s < all.length; s += TALL) columns.push({ phase, members: all.slice(s, s + TALL) });
  }
  const put = () => columns.forEach((c, x) => c.members.forEach((i, y) => at.set(i, { x: 20 + x * COLUMN, y: 44 + y * (H + GAP) })));
  put();
  for (let round = 0; round < 4; round++) { for (const c of columns) { const mean = (i) => { const ys = [...near[i]].filter((o) => o !== i && at.has(o)).map((o) => at.get(o).y); return ys.length ? ys.reduce((s, y) => s + y, 0) / ys.length : at.get(i).y }; c.members.sort((a, b) => mean(a) - mean(b)); put() } }
  return { at, columns };
}
function draw() {
  const list = visible(), { at, columns } = place(list), rows = Math.max(1, ...columns.map((c) => c.members.length));
  svg.replaceChildren(); svg.setAttribute('class', chosen !== null && at.has(chosen) ? 'chosen' : '');
  const width = Math.max(300, columns.length * COLUMN + 10), height = 60 + rows * (H + GAP);
  svg.setAttribute('width', width); svg.setAttribute('height', height); svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
  columns.forEach((c, x) => { if (x === 0 || columns[x - 1].phase !== c.phase) svg.append(make('text', { x: 20 + x * COLUMN, y: 24, class: 'head' }, c.phase)) });
  const lit = (i) => chosen === i || (chosen !== null && near[chosen].has(i));
  for (const e of edges) {
    const a = at.get(e.from), b = at.get(e.to);
    if (!a || !b) continue;
    const on = chosen === e.from || chosen === e.to, y1 = a.y + H / 2, y2 = b.y + H / 2;
    const left = a.x > b.x, same = a.x === b.x, x1 = left ? a.x : a.x + W, x2 = left || same ? b.x + W : b.x;
    if (e.from === e.to) { const loop = make('path', { d: 'M' + (a.x + W) + ' ' + (y1 - 6) + ' c26 -8 26 20 0 12', class: (e.declared ? '' : 'inferred ') + (e.orphans > 0 ? 'orphans ' : '') + (on ? 'lit' : '') }); svg.append(loop); continue }
    const bend = same ? 36 : Math.max(40, Math.abs(x1 - x2) / 2);
    const d = 'M' + x1 + ' ' + y1 + ' C' + (left ? x1 - bend : x1 + bend) + ' ' + y1 + ' ' + (left || same ? x2 + bend : x2 - bend) + ' ' + y2 + ' ' + x2 + ' ' + y2;
    const path = make('path', { d, class: (e.declared ? '' : 'inferred ') + (e.orphans > 0 ? 'orphans ' : '') + (on ? 'lit' : '') });
    path.append(make('title', {}, nodes[e.from].name + '.' + e.label + ' \\u2192 ' + nodes[e.to].name + (e.orphans > 0 ? ': ' + e.orphans + ' orphans' : '')));
    svg.append(path);
    if (on) svg.append(make('text', { x: left ? x1 - 6 : x1 + 6, y: y1 - 4, class: 'edge-label lit soft', 'text-anchor': left ? 'end' : 'start' }, chosen === e.from ? e.label : ''));
  }
  for (const i of list) {
    const { x, y } = at.get(i), g = make('g', { class: 'node ' + nodes[i].phase + (lit(i) ? ' lit' : ''), transform: 'translate(' + x + ' ' + y + ')', tabindex: 0 });
    g.append(make('rect', { width: W, height: H, rx: 6 }));
    const name = nodes[i].name, count = nodes[i].records.toLocaleString('en-US'), room = Math.max(8, 24 - count.length);
    g.append(make('text', { x: 8, y: 17 }, name.length > room ? name.slice(0, room - 1) + '\\u2026' : name), make('text', { x: W - 8, y: 17, class: 'soft', 'text-anchor': 'end' }, count), make('title', {}, nodes[i].source + '.' + name + ', ' + count + ' records'));
    const choose = () => { chosen = chosen === i ? null : i; draw() };
    g.addEventListener('click', choose); g.addEventListener('keydown', (k) => { if (k.key === 'Enter') choose() });
    svg.append(g);
  }
  shown.textContent = list.length + ' of ' + nodes.length + ' entities';
}
for (const input of document.querySelectorAll('.tools input')) input.addEventListener('input', () => { chosen = null; draw() });
draw();
})()`
