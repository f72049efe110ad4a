import { literal } from '../../staging/staging.ts'
import type { PostingContext, PostingRule } from '../framework/rule.ts'
import { findReversedDates, given, on } from './conditions.ts'

const DONE = `('Completed', 'Cancelled')`

/** No task may reach beyond its parent task or its project. */
async function findTooLate(ctx: PostingContext): Promise<void> {
  if (ctx.has('parent_task') && ctx.has('exp_end_date')) await ctx.find({
    type: 'InvalidDates', field: 'exp_end_date', hint: 'Correct one of the two dates.',
    select: `SELECT d._id AS id, CAST(d.exp_end_date AS VARCHAR) AS "value",
      'Expected End Date should be less than or equal to parent task''s Expected End Date ' || CAST(p.exp_end_date AS VARCHAR) AS message
      FROM ${ctx.doc} d JOIN rows.tabTask p ON p.name = d.parent_task WHERE d.exp_end_date > p.exp_end_date`,
  })
  if (!ctx.has('project')) return
  for (const field of ['exp_start_date', 'exp_end_date', 'act_start_date', 'act_end_date']) if (ctx.has(field)) await ctx.find({
    type: 'InvalidDates', field, hint: 'Move the end of the project, or correct the task.',
    select: `SELECT d._id AS id, CAST(d.${field} AS VARCHAR) AS "value",
      ${literal(ctx.meta.field(field)?.label ?? field)} || ' cannot be after the Expected End Date of ' || p.name AS message
      FROM ${ctx.doc} d JOIN rows.tabProject p ON p.name = d.project WHERE CAST(d.${field} AS DATE) > p.expected_end_date`,
  })
}

async function settleStatus(ctx: PostingContext): Promise<void> {
  await ctx.find({
    type: 'ValidationError', field: 'progress', message: 'Progress % for a task cannot be more than 100.', hint: 'Cap the progress at 100.',
    select: `SELECT _id AS id, CAST(progress AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE progress > 100`,
  })
  await ctx.staging.run(`UPDATE ${ctx.doc} SET progress = CASE WHEN status = 'Completed' THEN 100 ELSE progress END, status = CASE
    WHEN ${on('is_template')} THEN 'Template' ELSE status END`)
  if (ctx.childCount('depends_on') === 0) return
  await ctx.find({
    type: 'ValidationError', field: 'depends_on', hint: 'Complete the tasks it depends on first, or load it open.',
    select: `SELECT d._id AS id, c._idx AS idx, c.task AS "value", 'Cannot complete the task as its dependant task ' || COALESCE(c.task,
      'None') || ' is not completed / cancelled.' AS message
      FROM ${ctx.doc} d JOIN ${ctx.child('depends_on')} c ON c._parent = d._id LEFT JOIN rows.tabTask t ON t.name = c.task WHERE d.status = 'Completed'
        AND (t.status IS NULL OR t.status NOT IN ${DONE})`,
  })
}

/** The names of the tasks it depends on, each with a comma behind; one that is part of what stands there already is left out, as the site does. */
async function listDependencies(ctx: PostingContext): Promise<void> {
  await ctx.staging.run(`UPDATE ${ctx.doc} SET depends_on_tasks = ''`)
  if (ctx.childCount('depends_on') === 0) return
  await ctx.staging.run(`UPDATE ${ctx.doc} AS t SET depends_on_tasks = s.listed FROM (
    SELECT _parent, list_reduce(list_prepend('', list(task ORDER BY _idx)), lambda listed, task: CASE WHEN contains(listed, task) THEN listed
      ELSE listed || task || ',' END) AS listed
    FROM ${ctx.child('depends_on')} WHERE ${given('task')} GROUP BY _parent) s WHERE s._parent = t._id`)
}

async function findPlainTasks(ctx: PostingContext): Promise<void> {
  const plain = (alias: string) => `NOT ${on(`${alias}.is_template`)}`
  await ctx.find({
    type: 'ValidationError', field: 'parent_task', hint: 'A template belongs below a template.',
    select: `SELECT d._id AS id, d.parent_task AS "value", 'Parent Task ' || d.parent_task || ' is not a Template Task' AS message
      FROM ${ctx.doc} d LEFT JOIN rows.tabTask p ON p.name = d.parent_task WHERE ${on('d.is_template')} AND ${given('d.parent_task')} AND ${plain('p')}`,
  })
  if (ctx.childCount('depends_on') > 0) await ctx.find({
    type: 'ValidationError', field: 'depends_on', hint: 'A template depends on templates only.',
    select: `SELECT d._id AS id, c._idx AS idx, c.task AS "value", 'Dependent Task ' || COALESCE(c.task, 'None') || ' is not a Template Task' AS message
      FROM ${ctx.doc} d JOIN ${ctx.child('depends_on')} c ON c._parent = d._id LEFT JOIN rows.tabTask t ON t.name = c.task WHERE ${on('d.is_template')}
        AND ${plain('t')}`,
  })
}

/** Progress of the projects that got tasks: from all their tasks, by the project's own method; a project that was cancelled keeps its status. */
async function updateProjects(ctx: PostingContext): Promise<void> {
  if (!ctx.has('project')) return
  await ctx.find({
    type: 'DoesNotExistError', field: 'project', causeByValue: true, hint: 'Load the project first, or leave the field out.',
    select: `SELECT d._id AS id, d.project AS "value", 'Project ' || d.project || ' not found' AS message FROM ${ctx.live} d LEFT
      JOIN rows.tabProject p ON p.name = d.project WHERE ${given('d.project')} AND p.name IS NULL`,
  })
  const table = ctx.scratch('projects')
  // Python's round(), by the site's rounding of halves to even: percentages are kept with two decimals.
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.replace(/^temp\./, '')} AS SELECT p.name, s.last_id AS id, p.status AS before,
    flt(CASE p.percent_complete_method WHEN 'Task Progress' THEN s.progress / s.tasks WHEN 'Task Weight' THEN CASE WHEN s.weight = 0 THEN 0
      ELSE s.weighted END ELSE s.done / s.tasks * 100 END, 2) AS percent
    FROM rows.tabProject p JOIN (SELECT t.project, max(l._id) AS last_id, COUNT(*)::DOUBLE AS tasks, COUNT(*) FILTER (t.status IN ${DONE})::DOUBLE AS done,
      SUM(t.progress::DOUBLE) AS progress,
      SUM(t.task_weight::DOUBLE) AS weight, SUM(t.progress::DOUBLE * t.share) AS weighted
      FROM (SELECT *, flt(task_weight::DOUBLE / NULLIF(SUM(task_weight::DOUBLE) OVER (PARTITION BY project), 0), 2) AS share
        FROM rows.tabTask WHERE project IN (SELECT project FROM ${ctx.live})) t LEFT JOIN ${ctx.live} l ON l.name = t.name GROUP BY t.project) s ON s.project = p.name
    WHERE COALESCE(p.percent_complete_method, '') <> 'Manual'`)
  await ctx.updateRows('tabProject', 'percent_complete', `SELECT id, name AS "key", percent AS "after" FROM ${table}`)
  await ctx.updateRows('tabProject', 'status', `SELECT id, name AS "key", CASE WHEN percent = 100 THEN 'Completed' ELSE 'Open' END AS "after" FROM ${table}
    WHERE before IS DISTINCT FROM 'Cancelled'`)
}

/** What orders are still to bring or to cost a project is counted anew with each of its tasks. */
async function updateCommitments(ctx: PostingContext): Promise<void> {
  if (!ctx.has('project')) return
  const orders = ['Sales Order', 'Purchase Order'] as const, any = orders.map((doctype) => `SELECT 1 FROM rows."tab${doctype}" WHERE docstatus = 1`).join(' UNION ALL ')
  if (await ctx.staging.one(`${any} LIMIT 1`) === undefined) return
  // A line counts once for its own project and once for its order's: two plain joins, where an OR would compare every line with every project.
  const open = (doctype: (typeof orders)[number], amount: string, done: string) => {
    const lines = (project: string, also: string) => `SELECT ${project} AS project, CAST(i.${amount} AS DOUBLE) AS amount FROM rows."tab${doctype}" o JOIN rows."tab${doctype} Item" i ON i.parent = o.name
      WHERE o.docstatus = 1 AND o.status NOT IN ('Completed', 'Closed', 'Cancelled') AND (i.${done} < i.qty OR i.${done} = 0)${also}`
    return `COALESCE((SELECT SUM(x.amount) FROM (${lines('o.project', '')} UNION ALL ${lines('i.project', ' AND i.project IS DISTINCT FROM o.project')}) x WHERE x.project = p.name), 0)`
  }
  const table = ctx.scratch('commitments'), n = (field: string) => `COALESCE(CAST(p.${field} AS DOUBLE), 0)`
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${table.replace(/^temp\./, '')} AS SELECT l.id, p.name, ${open('Purchase Order', 'base_amount', 'received_qty')} AS purchase, ${open('Sales Order', 'base_net_amount', 'delivered_qty')} AS sales,
    COALESCE((SELECT SUM(CAST(o.base_net_total AS DOUBLE)) FROM rows."tabSales Order" o WHERE o.project = p.name AND o.docstatus = 1), 0) AS sold, ${n('total_costing_amount')} + ${n('total_purchase_cost')} + ${n('total_consumed_material_cost')} AS actual
    FROM rows.tabProject p JOIN (SELECT project, max(_id) AS id FROM ${ctx.live} GROUP BY project) l ON l.project = p.name`)
  for (const [field, value] of [['committed_purchase_cost', 'purchase'], ['committed_sales_amount', 'sales'], ['total_sales_amount', 'sold'], ['total_actual_cost', 'actual'], ['total_committed_cost', 'actual + purchase']] as const) {
    await ctx.updateRows('tabProject', field, `SELECT id, name AS "key", CAST(${value} AS DECIMAL(21,9)) AS "after" FROM ${table}`)
  }
}

/** A task below another becomes one the parent depends on; a template may depend on templates only. */
async function joinParents(ctx: PostingContext): Promise<void> {
  if (!ctx.has('parent_task')) return
  await ctx.find({
    type: 'ValidationError', field: 'parent_task', hint: 'Below a template belong templates.',
    select: `SELECT l._id AS id, l.parent_task AS "value", 'Dependent Task ' || l.name || ' is not a Template Task' AS message FROM ${ctx.live} l
      JOIN rows.tabTask p ON p.name = l.parent_task WHERE ${on('p.is_template')} AND NOT ${on('l.is_template')}`,
  })
  const joined = ctx.scratch('joined')
  await ctx.staging.run(`CREATE OR REPLACE TEMP TABLE ${joined.replace(/^temp\./, '')} AS SELECT l._id, l.name, l.subject, l.parent_task,
    (SELECT COALESCE(max(c.idx), 0) FROM rows."tabTask Depends On" c WHERE c.parent = l.parent_task
      AND c.parenttype = 'Task') + row_number() OVER (PARTITION BY l.parent_task ORDER BY l._id) AS idx
    FROM ${ctx.live} l WHERE ${given('l.parent_task')}`)
  await ctx.insertRows('tabTask Depends On', `SELECT j._id, ${ctx.hash('joined', 'j._id', '0')} AS name, ${literal(ctx.user)} AS owner,
    ${literal(ctx.user)} AS modified_by,
    TIMESTAMP ${literal(ctx.now)} AS creation, TIMESTAMP ${literal(ctx.now)} AS modified, 0 AS docstatus, j.idx, j.name AS task, j.subject,
      j.parent_task AS parent, 'depends_on' AS parentfield, 'Task' AS parenttype
    FROM ${joined} j`)
  await ctx.updateRows('tabTask', 'depends_on_tasks', `SELECT max(j._id) AS id, p.name AS "key",
    list_reduce(list_prepend(COALESCE(first(p.depends_on_tasks), ''), list(j.name ORDER BY j._id)), lambda listed, task: CASE WHEN contains(listed,
      task) THEN listed ELSE listed || task || ',' END) AS "after"
    FROM ${joined} j JOIN rows.tabTask p ON p.name = j.parent_task GROUP BY p.name`)
  await ctx.updateRows('tabTask', '_seen', `SELECT max(_id) AS id, parent_task AS "key", ${literal(JSON.stringify([ctx.user]))} AS "after" FROM ${joined}
    GROUP BY parent_task`)
}

/** A task keeps within its parent and project, moves the project's progress, and is listed by its parent. */
export const rule: PostingRule = {
  doctype: 'Task',
  reads: ['Project', 'Task', 'Task Depends On'],
  writes: ['Task Depends On'],
  tree: { parentField: 'parent_task' },
  steps: [
    { stage: 'validate', id: 'dates', run: (ctx) => findReversedDates(ctx, [['exp_start_date', 'exp_end_date'], ['act_start_date', 'act_end_date']]) },
    { stage: 'validate', id: 'too-late', run: findTooLate },
    { stage: 'validate', id: 'status', run: settleStatus },
    { stage: 'validate', id: 'dependencies', run: listDependencies },
    { stage: 'validate', id: 'templates', run: findPlainTasks },
    {
      stage: 'validate', id: 'completed-on',
      async run(ctx) {
        if (ctx.has('completed_on')) await ctx.find({
          type: 'ValidationError', field: 'completed_on', message: 'Completed On cannot be greater than Today', hint: 'Correct the date.',
          select: `SELECT _id AS id, CAST(completed_on AS VARCHAR) AS "value" FROM ${ctx.doc} WHERE completed_on > DATE '${ctx.today}'`,
        })
      },
    },
    { stage: 'on_update', id: 'projects', run: updateProjects },
    { stage: 'on_update', id: 'commitments', run: updateCommitments },
    { stage: 'on_update', id: 'parents', run: joinParents },
  ],
}
